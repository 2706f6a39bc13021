import { diffModels, type ModelDiff } from '../core/diff/diff-models.ts';
import { english } from '../core/english.ts';
import type { Model } from '../core/graph/model.ts';

/** How two graphs differ, and what could not be looked at. */
export interface GraphDifference extends ModelDiff {
  readonly problems: readonly string[];
}

const known = new WeakMap<Model, WeakMap<Model, Promise<GraphDifference>>>();

/**
 * How the nodes of two models belong together. Weights in files of their own are read: fine-tuned models differ in
 * nothing else. What was found is remembered with the models.
 */
export function graphDifference(a: Model, b: Model): Promise<GraphDifference> {
  const ofA = known.get(a) ?? new WeakMap<Model, Promise<GraphDifference>>();
  known.set(a, ofA);
  const found = ofA.get(b) ?? find(a, b);
  ofA.set(b, found);
  return found;
}

async function find(a: Model, b: Model): Promise<GraphDifference> {
  try {
    return { ...(await diffModels(a, b, { weights: true })), problems: [] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...(await diffModels(a, b)), problems: [english`The weights could not be compared: ${message}`] };
  }
}
