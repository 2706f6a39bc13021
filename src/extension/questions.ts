import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { NodeId } from '../core/graph/model.ts';
import type { SweepAxes } from '../core/profile/sweep.ts';
import { parseNumbers, percent, time } from '../core/report/format.ts';
import type { ProfiledNode } from '../core/report/profile-report.ts';
import type { PruneRequest, QuantizeRequest, RunSettings } from '../protocol/worker.ts';
import type { ModelDocument } from './model-document.ts';

interface Choice extends vscode.QuickPickItem {
  /** What choosing it does; it then shows the list again. Without it: go ahead. */
  readonly change?: () => Promise<unknown>;
}

/**
 * The settings a run needs and only the user can know: sizes of symbolic dimensions and input data, all with defaults,
 * in one list whose first entry starts. Asked once a model; then what was chosen is used, and the editor's panels
 * change it. Undefined when the user leaves.
 */
export async function askRunSettings(document: ModelDocument, title: string): Promise<RunSettings | undefined> {
  await document.session();
  let settings = document.settings;
  if (document.hasRememberedSettings) return settings;
  const suggested = Object.fromEntries(document.symbolicDims.map(({ name, suggestion }) => [name, suggestion]));
  settings = { ...settings, dims: { ...suggested, ...settings.dims } };
  const choices = (): Choice[] => [
    { label: `$(play) ${title}`, description: vscode.l10n.t('with the settings below') },
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    ...document.symbolicDims.map(({ name, where }) => ({
      label: `${name} = ${settings.dims[name]}`,
      description: vscode.l10n.t('dimension of {0}', where.slice(0, 3).join(', ')),
      change: async () => {
        const size = await askSize(name, settings.dims[name] ?? 1);
        if (size !== undefined) settings = { ...settings, dims: { ...settings.dims, [name]: size } };
      },
    })),
    {
      label:
        settings.inputs === undefined
          ? vscode.l10n.t('Random inputs')
          : vscode.l10n.t('Inputs from {0}', settings.inputs),
      description: vscode.l10n.t('choose a file with input data'),
      change: async () => {
        const path = await askDataFile(document, vscode.l10n.t('Input data'));
        if (path) settings = { ...settings, inputs: path };
      },
    },
  ];
  if (!(await askList(title, choices))) return undefined;
  await document.remember(settings);
  return settings;
}

/** The values that a sweep tries: of the threads, and of each symbolic dimension. Undefined when the user leaves. */
export async function askSweep(document: ModelDocument): Promise<SweepAxes | undefined> {
  await document.session();
  const title = vscode.l10n.t('Sweep Settings');
  const threads = await askNumbers(title, vscode.l10n.t('Threads to try, with commas between'), '1, 2, 4');
  if (!threads) return undefined;
  const dims: Record<string, readonly number[]> = {};
  for (const { name, suggestion } of document.symbolicDims) {
    const usual = String(document.settings.dims[name] ?? suggestion);
    const sizes = await askNumbers(title, vscode.l10n.t('Sizes of {0} to try, with commas between', name), usual);
    if (!sizes) return undefined;
    dims[name] = sizes;
  }
  return { threads, dims };
}

async function askNumbers(title: string, prompt: string, value: string): Promise<readonly number[] | undefined> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    ignoreFocusOut: true,
    validateInput: (text) =>
      parseNumbers(text) ? undefined : vscode.l10n.t('Type whole numbers with commas between: 1, 2, 4.'),
  });
  return typed === undefined ? undefined : parseNumbers(typed);
}

/** Shows a list until its first entry is chosen (true) or it is left (false). */
async function askList(title: string, choices: () => Choice[]): Promise<boolean> {
  for (;;) {
    const chosen = await vscode.window.showQuickPick(choices(), { title, ignoreFocusOut: true });
    if (!chosen) return false;
    if (!chosen.change) return true;
    await chosen.change();
  }
}

async function askSize(name: string, now: number): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Size of dimension {0}', name),
    value: String(now),
    validateInput: (value) =>
      /^[1-9]\d{0,8}$/.test(value.trim()) ? undefined : vscode.l10n.t('Give a whole number from 1.'),
  });
  return text === undefined ? undefined : Number(text.trim());
}

async function askDataFile(document: ModelDocument, title: string): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title,
    canSelectFiles: true,
    canSelectFolders: true,
    defaultUri: vscode.Uri.joinPath(document.uri, '..'),
    filters: { [vscode.l10n.t('Tensors')]: ['npz', 'npy', 'pb'], [vscode.l10n.t('All files')]: ['*'] },
  });
  return picked?.[0]?.fsPath;
}

type Scheme = Pick<QuantizeRequest, 'scheme' | 'calibration' | 'image' | 'randomCalibration' | 'labelled'>;

/** What to quantize to and what data to use. Data that lies beside the model under the usual names is found by itself. */
export async function askQuantization(document: ModelDocument): Promise<Scheme | undefined> {
  const chosen = await vscode.window.showQuickPick(schemes(), {
    title: vscode.l10n.t('Quantize Model'),
    ignoreFocusOut: true,
  });
  if (!chosen) return undefined;
  const labelled = dataBeside(document, 'evaluation.npz');
  const base = { scheme: chosen.scheme, ...(labelled ? { labelled } : {}) };
  if (chosen.scheme !== 'static-int8' && chosen.scheme !== 'auto') return base;
  const calibration = await askCalibration(document);
  return calibration && { ...base, ...calibration };
}

function schemes(): (vscode.QuickPickItem & { readonly scheme: string })[] {
  return [
    {
      scheme: 'static-int8',
      label: vscode.l10n.t('Static int8'),
      detail: vscode.l10n.t('Ranges are measured beforehand on calibration data. Suits convolutional networks.'),
    },
    {
      scheme: 'dynamic-int8',
      label: vscode.l10n.t('Dynamic int8'),
      detail: vscode.l10n.t('Ranges are measured while the model runs. Needs no data; suits transformers.'),
    },
    {
      scheme: 'int8-weights',
      label: vscode.l10n.t('int8 weights'),
      detail: vscode.l10n.t('Only weights are stored in 8 bits: a quarter of the size, hardly any loss.'),
    },
    {
      scheme: 'int4-weights',
      label: vscode.l10n.t('int4 weights'),
      detail: vscode.l10n.t('Weights of MatMul in 4 bits, in blocks. For large language models.'),
    },
    {
      scheme: 'fp16',
      label: vscode.l10n.t('fp16'),
      detail: vscode.l10n.t('Half precision: half the size; faster on GPUs.'),
    },
    {
      scheme: 'auto',
      label: vscode.l10n.t('Automatic'),
      detail: vscode.l10n.t('Tries recipes and keeps the fastest that stays accurate.'),
    },
  ];
}

/** What goes, and how much of it. Labelled data beside the model is found by itself. Undefined when the user leaves. */
export async function askPruning(
  document: ModelDocument,
): Promise<Pick<PruneRequest, 'pattern' | 'ratio' | 'labelled'> | undefined> {
  const title = vscode.l10n.t('Prune Model');
  const patterns: (vscode.QuickPickItem & { readonly pattern: PruneRequest['pattern'] })[] = [
    {
      pattern: 'channels',
      label: vscode.l10n.t('Channels'),
      detail: vscode.l10n.t('Whole channels go: every kernel becomes faster. It costs accuracy.'),
    },
    {
      pattern: 'unstructured',
      label: vscode.l10n.t('Single weights'),
      detail: vscode.l10n.t('The smallest weights become 0: smaller once compressed, no faster.'),
    },
    {
      pattern: '2:4',
      label: vscode.l10n.t('Two of every four weights'),
      detail: vscode.l10n.t('For processors that gain from it; ONNX Runtime does not on CPUs.'),
    },
  ];
  const chosen = await vscode.window.showQuickPick(patterns, { title, ignoreFocusOut: true });
  if (!chosen) return undefined;
  const { pattern } = chosen;
  const labelled = dataBeside(document, 'evaluation.npz');
  const data = labelled ? { labelled } : {};
  if (pattern === '2:4') return { pattern, ratio: 0.5, ...data };
  const percent = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('How much goes, in percent'),
    value: '10',
    ignoreFocusOut: true,
    validateInput: (text) =>
      Number(text) > 0 && Number(text) < 100 ? undefined : vscode.l10n.t('Give a number between 0 and 100.'),
  });
  return percent === undefined ? undefined : { pattern, ratio: Number(percent) / 100, ...data };
}

async function askCalibration(document: ModelDocument): Promise<Partial<Scheme> | undefined> {
  const found = dataBeside(document, 'calibration.npz');
  const choices: (vscode.QuickPickItem & { readonly use: 'found' | 'file' | 'images' | 'random' })[] = [
    ...(found
      ? [{ use: 'found' as const, label: basename(found), description: vscode.l10n.t('found beside the model') }]
      : []),
    { use: 'file', label: vscode.l10n.t('Choose a file or folder…'), description: '.npz, .npy, .pb' },
    { use: 'images', label: vscode.l10n.t('Choose a folder of images…'), description: '.png, .jpg' },
    {
      use: 'random',
      label: vscode.l10n.t('Random inputs'),
      description: vscode.l10n.t('shows speed; accuracy will not be that of real data'),
    },
  ];
  const chosen = await vscode.window.showQuickPick(choices, {
    title: vscode.l10n.t('Calibration data'),
    ignoreFocusOut: true,
  });
  if (!chosen) return undefined;
  if (chosen.use === 'random') return { randomCalibration: true };
  if (chosen.use === 'images') return askImages(document);
  const path = chosen.use === 'found' ? found : await askDataFile(document, vscode.l10n.t('Calibration data'));
  return path === undefined ? undefined : { calibration: path };
}

/** A folder of images, and how they become numbers: a preset, or settings in words that the model engine checks. */
async function askImages(document: ModelDocument): Promise<Partial<Scheme> | undefined> {
  const title = vscode.l10n.t('Calibration images');
  const picked = await vscode.window.showOpenDialog({
    title,
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: vscode.Uri.joinPath(document.uri, '..'),
  });
  const calibration = picked?.[0]?.fsPath;
  if (calibration === undefined) return undefined;
  const presets: vscode.QuickPickItem[] = [
    { label: 'imagenet', detail: vscode.l10n.t('Shorter side 256, middle 224 × 224, ImageNet mean and deviation.') },
    { label: 'unit', detail: vscode.l10n.t('The size of the model, from 0 to 1.') },
    { label: 'symmetric', detail: vscode.l10n.t('The size of the model, from −1 to 1.') },
  ];
  const own: vscode.QuickPickItem = { label: vscode.l10n.t('Settings…') };
  const chosen = await vscode.window.showQuickPick([...presets, own], {
    title: vscode.l10n.t('How Images Become Numbers'),
    ignoreFocusOut: true,
  });
  if (!chosen) return undefined;
  if (chosen !== own) return { calibration, image: chosen.label };
  const image = await vscode.window.showInputBox({
    title: vscode.l10n.t('How Images Become Numbers'),
    prompt: vscode.l10n.t('resize, crop, mean, std, scale, layout (nchw, nhwc) and channels (rgb, bgr, gray)'),
    value: 'resize=256,crop=224,mean=0.485/0.456/0.406,std=0.229/0.224/0.225,scale=1/255,layout=nchw,channels=rgb',
    ignoreFocusOut: true,
  });
  return image ? { calibration, image } : undefined;
}

/** A file of that name in the model's folder, where there is one. */
export function dataBeside(document: ModelDocument, name: string): string | undefined {
  const path = join(dirname(document.uri.fsPath), name);
  return existsSync(path) ? path : undefined;
}

/** Which of the nodes that were timed, the slowest first. Undefined when the user leaves. */
export async function askNode(nodes: readonly ProfiledNode[]): Promise<NodeId | undefined> {
  const slowest = nodes.toSorted((a, b) => b.milliseconds - a.milliseconds);
  const chosen = await vscode.window.showQuickPick(
    slowest.map(({ id, name, opType, milliseconds, share }) => ({
      label: name === '' ? opType : `${opType} ${name}`,
      description: `${time(milliseconds)}, ${percent(share)}`,
      id,
    })),
    { title: vscode.l10n.t('Explain the Time of a Node'), ignoreFocusOut: true },
  );
  return chosen?.id;
}

/** A number above 0. Undefined when the user leaves. */
export async function askNumber(title: string, prompt: string, value: string): Promise<number | undefined> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    ignoreFocusOut: true,
    validateInput: (text) => (Number(text) > 0 ? undefined : vscode.l10n.t('Give a number above 0.')),
  });
  return typed === undefined ? undefined : Number(typed);
}
