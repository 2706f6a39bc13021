/**
 * Netron as the peer: its own page, served from the folder that its package lies in (`OPSCOPE_NETRON`: `netron` of
 * `pip install netron`, or `dist` of a checkout), in the Chromium that VS Code runs in.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { launchBrowser } from '../../test/e2e/editor.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};

export interface NetronTimes {
  readonly version: string;
  /** By model; null where there was no picture in time. */
  readonly milliseconds: Readonly<Record<string, readonly (number | null)[]>>;
}

/**
 * Milliseconds from choosing a model in Netron's file dialog until its graph is shown. Each time is of a new page, which
 * stands ready before the clock starts; a model that took longer than `limit` milliseconds is not tried again.
 */
export async function netronFirstPictures(
  folder: string,
  models: Readonly<Record<string, string>>,
  { repetitions, limit }: { readonly repetitions: number; readonly limit: number },
): Promise<NetronTimes> {
  const server = createServer(async ({ url }, response) => {
    const path = normalize(new URL(url!, 'http://localhost').pathname).replace(/^\/$/, '/index.html');
    try {
      const content = await readFile(join(folder, path));
      response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    // It asks where its user is, and reports to its maker.
    await context.route(
      (url) => url.hostname !== '127.0.0.1',
      (route) => route.abort(),
    );
    const open = async (path: string): Promise<number | null> => {
      const page = await context.newPage();
      await page.goto(address);
      const consent = page.locator('.notification #message-button', { hasText: 'Accept' });
      // Which files it takes is set where it begins to listen.
      const dialog = page.locator('#open-file-dialog[accept*=".onnx"]');
      await consent.or(dialog).waitFor({ state: 'attached' });
      if (await consent.isVisible()) await consent.click();
      await dialog.waitFor({ state: 'attached' });
      const start = performance.now();
      await dialog.setInputFiles(path);
      const shown = page.locator('body.default #target .node').first();
      const isShown = await shown.waitFor({ state: 'attached', timeout: limit }).then(
        () => true,
        () => false,
      );
      const milliseconds = performance.now() - start;
      await page.close();
      return isShown ? Math.round(milliseconds) : null;
    };
    const milliseconds: Record<string, (number | null)[]> = {};
    for (const [model, path] of Object.entries(models)) {
      // The first fills the cache of the browser.
      const times = [await open(path)];
      for (let run = 0; run < repetitions && !times.includes(null); run++) times.push(await open(path));
      milliseconds[model] = times.includes(null) ? [null] : times.slice(1);
      console.error(JSON.stringify({ netron: model, milliseconds: milliseconds[model] }));
    }
    const page = await readFile(join(folder, 'index.html'), 'utf8');
    return { version: /name="version" content="([^"]*)"/.exec(page)?.[1] ?? '', milliseconds };
  } finally {
    await browser.close();
    server.close();
  }
}
