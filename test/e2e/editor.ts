import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Browser, chromium, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { startCodeServer } from '../../scripts/code-server.ts';
import { cacheFolder, root } from '../../scripts/processes.ts';
import { findChromium } from '../../scripts/system-packages.ts';

/** Where the packaged extension is installed for the tests. */
export const extensionsFolder = join(cacheFolder, 'e2e/extensions');

const picturesFolder = join(root, 'test-results');

export type Theme = 'light' | 'dark' | 'high-contrast';

/** What VS Code calls a theme in settings and in the list of themes, and what it makes of its window's classes. */
const themes: Readonly<Record<Theme, { readonly setting: string; readonly label: string; readonly kind: string }>> = {
  light: { setting: 'Default Light Modern', label: 'Light Modern', kind: 'vs' },
  dark: { setting: 'Default Dark Modern', label: 'Dark Modern', kind: 'vs-dark' },
  'high-contrast': { setting: 'Default High Contrast', label: 'Dark High Contrast', kind: 'hc-black' },
};

/** A VS Code with a folder of its own, and the browser page it is shown in. */
export interface Editor {
  readonly page: Page;
  /** The folder that is open. */
  readonly folder: string;
  /** The process that the extension host and all it starts descend from. */
  readonly serverPid: number;
  /** Double-clicks a file in the Explorer. */
  openFile(name: string): Promise<void>;
  /** The page inside Opscope's editor. */
  readonly view: FrameLocator;
  /** Runs a command by the name it has in the palette. */
  runCommand(title: string): Promise<void>;
  /** The list or input box on top of the window. */
  readonly quickInput: Locator;
  /** Chooses an entry of the list on top of the window. */
  choose(label: string | RegExp): Promise<void>;
  /** Chooses an entry of the menu that a right click opens. */
  chooseFromMenu(of: Locator, label: string): Promise<void>;
  /** Types a path into the file dialog and accepts it. */
  enterPath(path: string): Promise<void>;
  notification(text: string | RegExp): Locator;
  setTheme(theme: Theme): Promise<void>;
  takePicture(name: string): Promise<void>;
  reload(): Promise<void>;
  close(): Promise<void>;
}

export interface EditorOptions {
  /** Files to have in the folder, by the name they get there. */
  readonly files: Readonly<Record<string, string | Uint8Array | { readonly copyOf: string }>>;
  readonly theme?: Theme;
  readonly workspaceTrust?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What extensions are told the language of the editor is; VS Code's own texts stay English. */
  readonly language?: string;
  readonly drawing?: DrawingWithoutCard;
  /** A folder of installed extensions; by default that of the packaged extension alone. */
  readonly extensions?: string;
  /** Starts VS Code to test an extension: folder of the extension, and the module whose `run` it calls. */
  readonly suite?: { readonly extension: string; readonly tests: string };
}

/** Starts VS Code with the packaged extension and waits for its window. */
export async function startEditor({
  files,
  theme = 'dark',
  workspaceTrust = false,
  settings = {},
  extensions = extensionsFolder,
  language,
  suite,
  drawing,
}: EditorOptions): Promise<Editor> {
  const home = mkdtempSync(join(tmpdir(), 'opscope-e2e-'));
  const folder = join(home, 'models');
  const userFolder = join(home, 'user');
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(path, content);
    else cpSync(content.copyOf, path);
  }
  const settingsFile = join(userFolder, 'User/settings.json');
  mkdirSync(dirname(settingsFile), { recursive: true });
  writeFileSync(
    settingsFile,
    JSON.stringify({ ...baseSettings, ...settings, 'workbench.colorTheme': themes[theme].setting }),
  );
  const server = await startCodeServer({ folder, extensionsFolder: extensions, userFolder, workspaceTrust });
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close();
    await server.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    browser = await launchBrowser(drawing);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    // As a VS Code sets it that has a language pack.
    if (language)
      await page.addInitScript((name) => Object.assign(globalThis, { _VSCODE_NLS_LANGUAGE: name }), language);
    await page.goto(suite ? await addressOfSuite(page, server.address, suite) : server.address);
    await waitForWindow(page);
    return { ...actions(page), page, folder, serverPid: server.process.pid!, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The address at which VS Code runs a suite, as a desktop VS Code does for `--extensionTestsPath`. VS Code in a browser
 * knows it too, but listens only where its own smoke tests are enabled.
 */
async function addressOfSuite(page: Page, address: string, suite: { extension: string; tests: string }) {
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      const configuration = document.getElementById('vscode-workbench-web-configuration');
      if (!configuration) return;
      observer.disconnect();
      const options = JSON.parse(configuration.dataset.settings!);
      options.developmentOptions = { ...options.developmentOptions, enableSmokeTestDriver: true };
      configuration.dataset.settings = JSON.stringify(options);
    }).observe(document, { childList: true, subtree: true });
  });
  const remote = (path: string) => `vscode-remote://${new URL(address).host}${path}`;
  const payload = [
    ['extensionDevelopmentPath', remote(suite.extension)],
    ['extensionTestsPath', remote(suite.tests)],
  ];
  return `${address}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
}

const baseSettings = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'chat.disableAIFeatures': true,
  'files.simpleDialog.enable': true,
  'window.dialogStyle': 'custom',
  'window.confirmBeforeClose': 'never',
};

/** How the browser draws without a graphics card: an emulated one, or none and frames as fast as they are drawn. */
const drawing = {
  emulated: ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  unlimited: ['--disable-gpu', '--disable-frame-rate-limit', '--disable-gpu-vsync'],
};
export type DrawingWithoutCard = keyof typeof drawing;

export function launchBrowser(without: DrawingWithoutCard = 'emulated'): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath)
    throw new Error('There is no Chromium on this machine. Install it, or name one in OPSCOPE_CHROMIUM.');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...drawing[without],
    ],
  });
}

/** Waits until the files are shown and VS Code knows that `.onnx` is Opscope's: before that it opens models as text. */
async function waitForWindow(page: Page): Promise<void> {
  await page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
  await page.locator('.explorer-folders-view .onnx-lang-file-icon').first().waitFor({ timeout: 60_000 });
}

function actions(page: Page): Omit<Editor, 'page' | 'folder' | 'serverPid' | 'close'> {
  const quickInput = page.locator('.quick-input-widget:not([style*="display: none"])');
  /** A command's own list may name what the palette names, and what is clicked in the one would be chosen in the other. */
  const paletteGone = () =>
    page.waitForFunction(
      () =>
        ![...document.querySelectorAll<HTMLInputElement>('.quick-input-widget input')].some(
          (input) => input.checkVisibility() && input.value.startsWith('>'),
        ),
      undefined,
      { timeout: 10_000 },
    );
  const runCommand = async (title: string) => {
    // The palette closes when an editor that is still starting takes the focus.
    for (let attempt = 0; ; attempt++) {
      try {
        await page.keyboard.press('F1');
        await quickInput.locator('input').fill(`>${title}`, { timeout: 3000 });
        await quickInput.locator('.monaco-list-row', { hasText: title }).first().click({ timeout: 5000 });
        await paletteGone();
        return;
      } catch (error) {
        if (attempt === 3) throw error;
        await page.keyboard.press('Escape');
      }
    }
  };
  return {
    view: page.frameLocator('iframe.webview.ready').frameLocator('#active-frame'),
    quickInput,
    runCommand,
    openFile: async (name) => {
      const file = page.locator('.explorer-folders-view .monaco-list-row', { hasText: basename(name) }).first();
      await page.locator('.explorer-folders-view .onnx-lang-file-icon').first().waitFor();
      // A window that just started opens a file as text until it has read what extensions contribute.
      for (let attempt = 0; attempt < 3; attempt++) {
        await file.dblclick();
        const view = page.locator('iframe.webview').first();
        const shown = view.waitFor({ state: 'attached', timeout: 8000 }).then(
          () => true,
          () => false,
        );
        if (await shown) return;
        await runCommand('View: Close Editor');
      }
    },
    choose: async (label) => {
      await quickInput.locator('.monaco-list-row', { hasText: label }).first().click();
    },
    chooseFromMenu: async (of, label) => {
      await of.click({ button: 'right' });
      // A menu that just opened takes no clicks.
      await page.waitForTimeout(500);
      await page.locator('.context-view .action-item', { hasText: label }).click();
    },
    enterPath: async (path) => {
      // The dialog fills in a path of its own first, and takes what is typed only when it has looked it up.
      const input = quickInput.locator('input').first();
      await input.and(page.locator(':not([value=""])')).waitFor();
      await page.waitForTimeout(500);
      await input.fill(path);
      await page.waitForTimeout(500);
      await page.keyboard.press('Enter');
    },
    setTheme: async (theme) => {
      const { label, kind } = themes[theme];
      await runCommand('Preferences: Color Theme');
      await quickInput.locator('input').fill(label);
      await quickInput.locator('.monaco-list-row', { hasText: label }).first().click();
      await page.locator(`.monaco-workbench.${kind}`).waitFor();
    },
    notification: (text) => page.locator('.notification-toast', { hasText: text }),
    takePicture: async (name) => {
      mkdirSync(picturesFolder, { recursive: true });
      await page.screenshot({ path: join(picturesFolder, `${name}.png`) });
    },
    reload: async () => {
      await page.reload();
      await waitForWindow(page);
    },
  };
}
