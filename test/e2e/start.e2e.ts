import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { launchBrowser } from './editor.ts';

test('npm start opens the sample in a VS Code that has Opscope, and says where', async () => {
  const started = spawn(process.execPath, [join(root, 'scripts/start.ts'), '--browser'], { cwd: root });
  const browser = await launchBrowser();
  try {
    let printed = '';
    started.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    const address = /http:\/\/127\.0\.0\.1:\d+\S*/;
    await expect.poll(() => printed, { timeout: 60_000 }).toMatch(address);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(address.exec(printed)![0]);
    const view = page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
    const node = view.getByRole('grid', { name: 'Operators' }).getByText('/stem/stem.0/Conv');
    const takePicture = (name: string) => page.screenshot({ path: join(root, `test-results/${name}.png`) });
    await node.waitFor({ timeout: 60_000 }).catch(async (error: unknown) => {
      await takePicture('failed-start');
      throw error;
    });
    await takePicture('start');
  } finally {
    await browser.close();
    started.kill('SIGTERM');
  }
});
