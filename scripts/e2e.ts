// `npm run e2e [-- FILTER …]`: builds, packages and runs the end-to-end tests only.
import { join } from 'node:path';
import { installCodeServer } from './code-server.ts';
import { root, run } from './processes.ts';
import { installSystemPackages } from './system-packages.ts';

installSystemPackages('tests');
installCodeServer();
run(process.execPath, [join(root, 'scripts/package.ts')]);
run(process.execPath, [
  join(root, 'node_modules/vitest/vitest.mjs'),
  ...['run', '--config', 'test/e2e/vitest.config.ts', ...process.argv.slice(2)],
]);
