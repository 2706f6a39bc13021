import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkPackages, releaseSteps } from '../scripts/release-plan.ts';
import { targets } from '../scripts/targets.ts';

const root = join(import.meta.dirname, '..');
// A YAML reader comes with @vscode/vsce, without types.
const yaml = createRequire(import.meta.url)('js-yaml') as { load(text: string): unknown };

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly 'timeout-minutes'?: number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: {
    readonly matrix: {
      readonly target?: readonly string[];
      readonly include?: readonly { readonly target: string; readonly runner: string }[];
    };
  };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, { readonly inputs?: Readonly<Record<string, { default: unknown }>> } | null>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(root, '.github/workflows');
const workflows = readdirSync(folder).map((name) => {
  return [name, yaml.load(readFileSync(join(folder, name), 'utf8')) as Workflow] as const;
});
const release = workflows.find(([name]) => name === 'release.yml')![1];

describe.each(workflows)('%s', (_, { permissions, jobs }) => {
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('runs only what there is', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const line of steps.flatMap(({ run }) => run?.trim().split('\n') ?? [])) {
      const script = /^(?:xvfb-run -a )?npm (?:run (\S+)|(test)$)/.exec(line);
      const file = /^node (\S+)/.exec(line)?.[1];
      if (script) expect(Object.keys(scripts), line).toContain(script[1] ?? script[2]);
      else if (file !== undefined) expect(existsSync(join(root, file)), line).toBe(true);
      else
        expect(line).toMatch(
          /^npm (ci --ignore-scripts|install --no-save --ignore-scripts @vscode\/test-electron@\d+\.\d+\.\d+)$/,
        );
    }
  });

  it('uses actions by their major version, may read only, and ends', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^actions\/[a-z-]+@v\d+$/);
    expect(permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
  });
});

describe('The release workflow', () => {
  it('makes a package for every platform, and tries it on that platform', () => {
    expect(release.jobs.package!.strategy!.matrix.target).toEqual(targets);
    const matrix = release.jobs.try!.strategy!.matrix.include!;
    expect(matrix.map(({ target }) => target)).toEqual(targets);
    for (const { target, runner } of matrix) {
      const system = { linux: 'ubuntu', darwin: 'macos', win32: 'windows' }[target.split('-')[0]!];
      expect(runner).toContain(system);
      if (target.endsWith('arm64') && system !== 'macos') expect(runner).toContain('arm');
    }
  });

  it('publishes only when asked to, from one step that alone sees the secrets', () => {
    expect(Object.keys(release.on)).toEqual(['workflow_dispatch']);
    expect(release.on.workflow_dispatch?.inputs?.publish?.default).toBe(false);
    expect(release.jobs.release!.needs).toEqual(['package', 'try']);
    const steps = Object.values(release.jobs).flatMap((job) => job.steps);
    const withSecrets = steps.filter((step) => /secrets\.|github\.token/.test(JSON.stringify(step)));
    expect(withSecrets.map((step) => [step.if, step.run])).toEqual([
      ['inputs.publish', 'node scripts/release.ts --publish'],
    ]);
    const options = { commit: 'abc', notesFile: 'notes.md', exists: false };
    const needed = releaseSteps('1.0.0', [], options).flatMap(({ env }) => env);
    expect(Object.keys(withSecrets[0]!.env!)).toEqual(needed);
  });
});

describe('A release', () => {
  const packages = mkdtempSync(join(tmpdir(), 'opscope-release-'));
  afterAll(() => rmSync(packages, { recursive: true }));

  it('is refused when a package or its checksum is missing or wrong', () => {
    expect(checkPackages(packages, '1.0.0').mistakes).toEqual(
      targets.map((target) => `opscope-1.0.0-${target}.vsix is missing.`),
    );
    for (const target of targets) {
      const name = `opscope-1.0.0-${target}.vsix`;
      writeFileSync(join(packages, name), target);
      const sha256 = createHash('sha256').update(target).digest('hex');
      writeFileSync(join(packages, `${name}.sha256`), `${sha256}  ${name}\n`);
    }
    expect(checkPackages(packages, '1.0.0').mistakes).toEqual([]);
    writeFileSync(join(packages, 'opscope-1.0.0-win32-x64.vsix'), 'something else');
    rmSync(join(packages, 'opscope-1.0.0-linux-x64.vsix.sha256'));
    expect(checkPackages(packages, '1.0.0').mistakes).toEqual([
      'opscope-1.0.0-linux-x64.vsix.sha256 is missing.',
      'opscope-1.0.0-win32-x64.vsix.sha256 is not the checksum of opscope-1.0.0-win32-x64.vsix.',
    ]);
  });

  it('creates its tag once and can run again', () => {
    const options = { commit: 'abc', notesFile: 'notes.md' };
    const first = releaseSteps('1.0.0', ['a.vsix'], { ...options, exists: false })[0]!.command.join(' ');
    expect(first).toBe(
      'gh release create v1.0.0 --title Opscope 1.0.0 --notes-file notes.md --target abc a.vsix a.vsix.sha256',
    );
    const [again, ...shops] = releaseSteps('1.0.0', ['a.vsix'], { ...options, exists: true });
    expect(again!.command.join(' ')).toBe('gh release upload v1.0.0 --clobber a.vsix a.vsix.sha256');
    expect(shops).toHaveLength(2);
    for (const { command } of shops) expect(command).toContain('--skip-duplicate');
  });
});
