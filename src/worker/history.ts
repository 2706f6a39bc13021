import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NodeId } from '../core/graph/model.ts';
import type { ExplainedRewrite } from '../core/report/report.ts';
import type { VersionInfo } from '../protocol/worker.ts';
import { type OpenDocument, original, type Version } from './documents.ts';
import { keepModel, rememberKept } from './kept-models.ts';
import { idsOf, type NodeIds, withIds } from './node-ids.ts';
import { type OpenedModel, openModel } from './open-model.ts';

/** The file in a history's folder that names all others. */
const indexName = 'history.json';
const schema = 1;

interface HistoryFile {
  readonly schema: number;
  /** Size and time of change of the document's file, by which a history knows whether it still belongs to it. */
  readonly file: { readonly path: string; readonly bytes: number; readonly modified: number };
  readonly head: number;
  readonly versions: readonly KeptVersion[];
}

interface KeptVersion extends NodeIds {
  readonly info: VersionInfo;
  /** Absolute for a file of the user's, relative to the history's folder for one of its own. */
  readonly model: string;
  readonly origins: readonly (readonly [number, readonly number[]])[];
  readonly rewrites: readonly ExplainedRewrite[];
}

export interface KeepRequest {
  readonly folder: string;
  /** The file that the history belongs to. */
  readonly path: string;
  readonly versions: readonly number[];
  readonly head: number;
}

/** Writes versions to a folder: those that lie in files of the user's by name, the others as models. */
export async function keepHistory(
  document: OpenDocument,
  { folder, path, versions, head }: KeepRequest,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const kept: KeptVersion[] = [];
  for (const id of versions) {
    const version = document.versions.get(id);
    if (version) kept.push(await keepVersion(version, folder));
  }
  const { size, mtimeMs } = await stat(path);
  const file: HistoryFile = { schema, file: { path, bytes: size, modified: mtimeMs }, head, versions: kept };
  await writeFile(join(folder, indexName), JSON.stringify(file));
}

async function keepVersion(version: Version, folder: string): Promise<KeptVersion> {
  const { info, model, origins, rewrites } = version;
  const own = `version-${info.id}.onnx`;
  if (info.parent !== null) await keepModel(model, join(folder, own));
  return {
    info,
    model: info.parent === null ? version.path : own,
    ...idsOf(model),
    origins: [...origins],
    rewrites,
  };
}

/**
 * Adds the versions that a folder keeps for this document and says whether there were any. A history of a file that has
 * changed since is left alone.
 */
export async function restoreHistory(document: OpenDocument, folder: string): Promise<boolean> {
  const history = await readHistory(folder);
  if (!history || !(await isSameFile(history.file, document.path))) return false;
  const files: OpenedModel[] = [];
  try {
    for (const kept of history.versions) files.push(await openModel(resolve(folder, kept.model)));
  } catch {
    // The model itself can be opened; versions that are gone or damaged must not keep it from that.
    for (const file of files) await file.close();
    return false;
  }
  document.files.push(...files);
  for (const [index, file] of files.entries()) {
    const kept = history.versions[index]!;
    document.versions.set(kept.info.id, await restored(file, kept));
  }
  document.head = document.versions.has(history.head) ? history.head : 0;
  return true;
}

/** A version from its file. The original is the file itself, or the backup of it that Save made. */
async function restored(file: OpenedModel, kept: KeptVersion): Promise<Version> {
  if (kept.info.parent === null) return original(file, kept.info);
  const model = withIds(file.model, kept);
  await rememberKept(model, file.path);
  return {
    info: kept.info,
    model,
    problems: file.problems,
    path: file.path,
    origins: new Map(kept.origins as [NodeId, readonly NodeId[]][]),
    rewrites: kept.rewrites,
  };
}

async function readHistory(folder: string): Promise<HistoryFile | undefined> {
  try {
    const history = JSON.parse(await readFile(join(folder, indexName), 'utf8')) as HistoryFile;
    return history.schema === schema ? history : undefined;
  } catch {
    return undefined;
  }
}

async function isSameFile({ bytes, modified }: HistoryFile['file'], path: string): Promise<boolean> {
  const now = await stat(path);
  return now.size === bytes && now.mtimeMs === modified;
}
