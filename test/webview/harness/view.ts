/**
 * The webview in a browser of its own, without a VS Code around it: the app as it is shipped, with the colours of a
 * theme and a host that the caller gives. For looking at it and for tests of what only a browser can tell.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Client, connect, type Handlers, type Port, serve, type WireMessage } from '../../../src/protocol/rpc.ts';
import type { ViewContract, ViewHostContract } from '../../../src/protocol/webview.ts';
import { bodyClass, type ThemeName, themes } from './themes.ts';
import { decode, encode } from './wire.ts';

const browserPaths = [
  process.env.OPSCOPE_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser to drive, or undefined where there is none. */
export const browserPath = browserPaths.find((path) => path !== undefined && existsSync(path));

/** How the browser draws without a graphics card: an emulated one, or none and frames as fast as they are drawn. */
const drawing = {
  emulated: ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  unlimited: ['--disable-gpu', '--disable-frame-rate-limit', '--disable-gpu-vsync'],
};

/** A browser without network services and without a graphics card. */
export function launchBrowser(without: keyof typeof drawing = 'emulated'): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath,
    args: [
      '--no-sandbox',
      ...drawing[without],
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
    ],
  });
}

/** The bundle as `esbuild.mjs` makes it, in memory. */
export async function buildView(): Promise<{ readonly script: string; readonly style: string }> {
  const { outputFiles } = await build({
    entryPoints: { webview: 'webview/main.tsx' },
    bundle: true,
    write: false,
    outdir: 'dist',
    format: 'esm',
    target: 'chrome130',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'error',
  });
  const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))!.text;
  return { script: text('.js'), style: text('.css') };
}

export interface OpenView {
  readonly page: Page;
  readonly view: Client<ViewContract>;
  /** What the page wrote to its console as an error, and exceptions nobody caught. */
  readonly errors: readonly string[];
}

interface OpenViewOptions {
  readonly browser: Browser;
  readonly bundle: { readonly script: string; readonly style: string };
  readonly host: Handlers<ViewHostContract>;
  readonly theme: ThemeName;
  /** The texts in another language than English. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly width: number;
  readonly height: number;
}

const origin = 'http://opscope.localhost';

/** Opens the app in a new page. Messages cross as VS Code carries them: JSON, typed arrays aside. */
export async function openView({
  browser,
  bundle,
  host,
  theme,
  texts = {},
  width,
  height,
}: OpenViewOptions): Promise<OpenView> {
  const page = await browser.newPage({ viewport: { width, height } });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));

  const listeners = new Set<(message: WireMessage) => void>();
  const port: Port = {
    send: (message) =>
      void page.evaluate((text) => (window as unknown as PageGlobals).receive(text), encode(message)).catch(() => {}),
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onClose: () => {},
  };
  serve<ViewHostContract>(port, host);
  const view = connect<ViewContract>(port);
  await page.exposeFunction('send', (text: string) => {
    for (const listener of listeners) listener(decode(text) as WireMessage);
  });

  const files: Readonly<Record<string, () => Promise<Buffer> | string>> = {
    '/': () => html(theme, texts),
    '/webview.js': () => bundle.script,
    '/webview.css': () => bundle.style,
    '/codicon.css': () => readFile('node_modules/@vscode/codicons/dist/codicon.css'),
    '/codicon.ttf': () => readFile('node_modules/@vscode/codicons/dist/codicon.ttf'),
  };
  await page.route(`${origin}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const file = files[pathname];
    await route.fulfill(file ? { body: await file(), contentType: contentType(pathname) } : { status: 404 });
  });
  await page.goto(`${origin}/`);
  return { page, view, errors };
}

interface PageGlobals {
  receive(text: string): void;
}

function contentType(path: string): string {
  if (path.endsWith('.js')) return 'text/javascript';
  if (path.endsWith('.css')) return 'text/css';
  return path.endsWith('.ttf') ? 'font/ttf' : 'text/html; charset=utf-8';
}

function html(theme: ThemeName, texts: Readonly<Record<string, string>>): string {
  const tokens = Object.entries(themes[theme]).map(([name, value]) => `--vscode-${name}: ${value};`);
  return `<!doctype html><html lang="en" style='${tokens.join(' ').replaceAll("'", '"')}'><head><meta charset="utf-8"><title>Opscope</title>
<link rel="stylesheet" href="/codicon.css"><link rel="stylesheet" href="/webview.css">
<script>${wireScript}
window.acquireVsCodeApi = () => ({
  postMessage: (message) => window.send(encode(message)),
  getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
  setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
});
window.receive = (text) => window.postMessage(decode(text), '*');</script>
</head><body class="${bodyClass[theme]}" data-vscode-theme-kind="${bodyClass[theme].split(' ').at(-1)}">
<script type="application/json" id="opscope-l10n">${JSON.stringify(texts).replaceAll('<', '\\u003c')}</script>
<script type="module" src="/webview.js"></script></body></html>`;
}

const wireScript = `const encode = ${encode}; const decode = ${decode};`;
