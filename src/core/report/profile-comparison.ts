/**
 * Two profiles that were saved, side by side. Their runs did not take turns, so that whatever the machine did at the
 * one time and not at the other is in their ratio: there is no verdict, only what the figures themselves allow.
 */
import { english } from '../english.ts';
import { firstWrong, isObject, number, type Shape, text, whole, yesNo } from './json-shape.ts';
import type { Environment, Latency, ModelIdentity, ProfiledNode, ProfileReport } from './profile-report.ts';
import { reportSchema } from './report.ts';

/** Time of nodes of one name and operator in both profiles, milliseconds a run; 0 where there is none. */
export interface NodeChange {
  readonly name: string;
  readonly opType: string;
  readonly before: number;
  readonly after: number;
  /** What the change is known to, to either side: single runs of both profiles lie as far apart. */
  readonly within: number;
}

interface ComparedProfile {
  readonly model: ModelIdentity;
  readonly environment: Environment;
  readonly latency: Latency;
}

export interface ProfileComparison {
  readonly schema: number;
  readonly a: ComparedProfile;
  readonly b: ComparedProfile;
  readonly latency: {
    /** Median of b over median of a: below 1, b was faster. */
    readonly ratio: number;
    /** What the intervals of both medians allow together: noise within each measurement, nothing of what lay between them. */
    readonly interval95: readonly [number, number];
    /** The runs did not take turns. */
    readonly interleaved: false;
  };
  /** Largest change first. */
  readonly nodes: readonly NodeChange[];
  /** What differs beside what was to be compared, and how sure the figures are. */
  readonly problems: readonly string[];
}

/** Compares two reports of `profileModel`. */
export function compareProfiles(a: ProfileReport, b: ProfileReport): ProfileComparison {
  const part = ({ model, environment, latency }: ProfileReport): ComparedProfile => ({ model, environment, latency });
  const [lowA, highA] = a.latency.interval95;
  const [lowB, highB] = b.latency.interval95;
  return {
    schema: reportSchema,
    a: part(a),
    b: part(b),
    latency: {
      ratio: b.latency.median / a.latency.median,
      interval95: [lowB / highA, highB / lowA],
      interleaved: false,
    },
    nodes: nodeChanges(a.nodes, b.nodes),
    problems: [...differences(a, b), ...howSure(a, b)],
  };
}

function nodeChanges(before: readonly ProfiledNode[], after: readonly ProfiledNode[]): readonly NodeChange[] {
  const changes = new Map<string, { -readonly [Field in keyof NodeChange]: NodeChange[Field] }>();
  const add = ({ id, name, opType, milliseconds, spread }: ProfiledNode, side: 'before' | 'after') => {
    const label = name || `#${id}`;
    const key = JSON.stringify([opType, label]);
    const change = changes.get(key) ?? { name: label, opType, before: 0, after: 0, within: 0 };
    change[side] += milliseconds;
    change.within = Math.hypot(change.within, spread);
    changes.set(key, change);
  };
  for (const node of before) add(node, 'before');
  for (const node of after) add(node, 'after');
  return [...changes.values()].sort((x, y) => Math.abs(y.after - y.before) - Math.abs(x.after - x.before));
}

/** What was not the same for both, a sentence each. */
function differences(a: ProfileReport, b: ProfileReport): readonly string[] {
  const [here, there] = [a.environment, b.environment];
  const found: string[] = [];
  const differ = (what: string, one: string | number, other: string | number) => {
    if (one !== other) found.push(english`${what}: ${one} for the first, ${other} for the second.`);
  };
  const sums = [a.model.sha256 ?? here.modelSha256, b.model.sha256 ?? there.modelSha256];
  if (sums[0] === undefined || sums[1] === undefined) {
    found.push(english`At least one report has no checksum of its model: they may be of different ones.`);
  } else if (sums[0] !== sums[1]) found.push(english`The models are different files.`);
  differ(english`Processor`, here.cpu, there.cpu);
  differ(english`Cores`, here.cores, there.cores);
  differ(english`Operating system`, here.os, there.os);
  differ(english`ONNX Runtime`, here.onnxruntime, there.onnxruntime);
  differ(english`Execution provider`, here.provider, there.provider);
  differ(english`Threads (0: chosen by ONNX Runtime)`, here.threads, there.threads);
  differ(english`Optimization level`, here.level, there.level);
  differ(english`Inputs`, inputsOf(a), inputsOf(b));
  return found;
}

const inputsOf = ({ inputs }: ProfileReport): string =>
  inputs.map(({ name, dtype, shape }) => `${name} ${dtype} ${shape.join('×')}`).join(', ');

function howSure(a: ProfileReport, b: ProfileReport): readonly string[] {
  return [
    ...[a, b].flatMap(({ latency }, index) =>
      latency.stable ? [] : [english`The times of report ${index + 1} were not stable: ${latency.problems.join(' ')}`],
    ),
    english`The runs were made at different times, not in turns: the interval knows the noise within each report, not what the machine did otherwise. For a verdict compare the models themselves.`,
  ];
}

const environment: Shape = {
  cpu: text,
  cores: whole,
  os: text,
  onnxruntime: text,
  provider: text,
  threads: whole,
  level: text,
  date: text,
};
const profile: Shape = {
  schema: whole,
  model: { path: text, bytes: whole, opsets: isObject, 'sha256?': text },
  environment,
  inputs: [{ name: text, dtype: text, shape: [whole] }],
  latency: { median: number, interval95: [number], runs: whole, stable: yesNo, problems: [text] },
  nodes: [
    { id: whole, name: (value) => typeof value === 'string', opType: text, milliseconds: number, spread: number },
  ],
};

/** The profile report in a text of JSON; what is wrong with it otherwise, in words that go after the file's name. */
export function readProfileReport(json: string): ProfileReport | string {
  let value: unknown;
  try {
    value = JSON.parse(json.trim());
  } catch {
    return english`is neither a model nor a report: its JSON is damaged or incomplete.`;
  }
  const wrong = firstWrong(value, profile, 'report');
  if (wrong) return english`is not a report of a profile (see ${wrong}): opscope profile --json writes one.`;
  const { schema } = value as ProfileReport;
  return schema <= reportSchema
    ? (value as ProfileReport)
    : english`comes from a newer Opscope (schema ${schema}, this one reads up to ${reportSchema}).`;
}
