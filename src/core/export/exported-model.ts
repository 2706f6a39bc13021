/** What is known of a model that leaves Opscope for a server, a registry or a program. */

import type { Environment, Latency, SweepSettings } from '../report/profile-report.ts';
import type { ModelRecipe } from '../report/recipe.ts';
import type { ReportedValue } from '../report/report.ts';

/** A measurement with settings to go on with. */
export interface ExportedMeasurement {
  readonly settings: SweepSettings;
  readonly latency: Latency;
  readonly environment: Environment;
  /** Size of the batch dimension that served most samples a second, and the largest that was measured. */
  readonly batch?: { readonly best: number; readonly largest: number };
}

export interface ExportedModel {
  readonly name: string;
  readonly inputs: readonly ReportedValue[];
  readonly outputs: readonly ReportedValue[];
  readonly opsets: Readonly<Record<string, number>>;
  readonly irVersion: number;
  readonly parameters: number;
  /** The model's file, then its weights files, by their names in the package. */
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly measured?: ExportedMeasurement;
  /** How it was made. */
  readonly recipe?: ModelRecipe;
  /** Version that wrote the package. */
  readonly opscope: string;
  /** When, as ISO 8601. */
  readonly date: string;
}

/** The model cannot be packed in this way; the message says why and what to do. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/** The dimension that all inputs and outputs begin with, when it is one symbol: the batch. */
export function batchSymbol({ inputs, outputs }: Pick<ExportedModel, 'inputs' | 'outputs'>): string | undefined {
  const first = inputs[0]?.shape?.[0];
  if (typeof first !== 'string' || first === '?') return undefined;
  return [...inputs, ...outputs].every(({ shape }) => shape?.[0] === first) ? first : undefined;
}
