import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changesOf } from '../scripts/changelog.ts';

const root = join(import.meta.dirname, '..');

const changelog = `# Changelog

## Unreleased

## 1.10.0 (2026-05-01)

- Ten.

### Fixed

- Eleven.

## [1.1.0] 2026-01-02

- One.
`;

describe('Release notes', () => {
  it('are the section of the version, subsections included', () => {
    expect(changesOf(changelog, '1.10.0')).toBe('- Ten.\n\n### Fixed\n\n- Eleven.');
    expect(changesOf(changelog.replaceAll('\n', '\r\n'), '1.1.0')).toBe('- One.');
  });

  it('are refused for a version that is not there or has nothing', () => {
    expect(() => changesOf(changelog, '1.1')).toThrow(
      'CHANGELOG.md has no section "## 1.1"; it has "## Unreleased", "## 1.10.0 (2026-05-01)", "## [1.1.0] 2026-01-02".',
    );
    expect(() => changesOf(changelog, 'Unreleased')).toThrow('The section "## Unreleased" of CHANGELOG.md is empty.');
  });

  it('exist for the version in package.json, and end with 1 where there are none', () => {
    const own = releaseNotes();
    expect(own.stderr).toBe('');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(own.stdout).toBe(releaseNotes(`v${version}`).stdout);
    expect(own.stdout).toMatch(/^- /);
    const none = releaseNotes('99.0.0');
    expect(none.status).toBe(1);
    expect(none.stderr).toContain('CHANGELOG.md has no section "## 99.0.0"');
  });
});

function releaseNotes(...options: string[]) {
  return spawnSync(process.execPath, [join(root, 'scripts/release-notes.ts'), ...options], { encoding: 'utf8' });
}
