import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, run } from './processes.ts';

/** What code-server and the tests need from the system, with the Debian packages that have it. */
const programs = [
  {
    program: 'chromium',
    alternatives: ['chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'],
    packages: ['chromium'],
  },
  // What looks for Vulkan drivers: WebGPU is tested on the software one that comes with chromium.
  { program: 'libvulkan.so.1', alternatives: [], packages: ['libvulkan1'] },
  { program: 'g++', alternatives: ['c++', 'clang++'], packages: ['g++', 'make'] },
  { program: 'python3', alternatives: [], packages: ['python3'] },
  // code-server compiles `kerberos`, which needs its headers.
  { program: 'krb5-config', alternatives: [], packages: ['libkrb5-dev'] },
];

/**
 * Installs what is missing with apt where that is possible, which is on Debian and Ubuntu as root or with a `sudo` that
 * asks nothing. Elsewhere throws an error that names what to install.
 */
export function installSystemPackages(purpose: 'code-server' | 'tests'): void {
  const forTests: readonly string[] = ['chromium', 'libvulkan.so.1'];
  const needed = programs.filter(({ program }) => purpose === 'tests' || !forTests.includes(program));
  const missing = needed.filter(({ program, alternatives }) => ![program, ...alternatives].some(isThere));
  if (missing.length === 0) return;
  const names = missing.flatMap(({ packages }) => packages);
  const apt = findProgram('apt-get');
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (apt === undefined || (sudo.length > 0 && !findProgram('sudo'))) {
    throw new Error(`Please install these, by whatever name your system has them: ${names.join(', ')}.`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...options: string[]) => {
    const [program, ...rest] = [...sudo, apt, ...options];
    run(program!, rest, { env });
  };
  console.log(`Installing ${names.join(', ')} with apt.`);
  aptGet('update', '-q');
  aptGet('install', '-y', '-q', '--no-install-recommends', ...names);
}

/** Programs on the PATH, and libraries where Linux has them; other systems have no Vulkan loader to install this way. */
function isThere(name: string): boolean {
  if (!name.endsWith('.so.1')) return findProgram(name) !== undefined;
  const folders = ['/usr/lib', '/usr/lib64', `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`];
  return process.platform !== 'linux' || folders.some((folder) => existsSync(join(folder, name)));
}

/** The path of a browser of the Chromium family. `OPSCOPE_CHROMIUM` names another one. */
export function findChromium(): string | undefined {
  const { program, alternatives } = programs[0]!;
  return process.env.OPSCOPE_CHROMIUM ?? [program, ...alternatives].map(findProgram).find((path) => path !== undefined);
}
