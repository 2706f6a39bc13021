/**
 * From a model to a scene. Every open group is laid out by itself and then stands as one box in the group around it,
 * so that opening a group moves the rest as little as can be. Values that cross a frame pass through a port on its edge.
 */
import type { GraphView } from '../graph/view.ts';
import type { Facts } from '../shapes/facts.ts';
import { assemble } from './assemble.ts';
import { connect } from './connect.ts';
import { buildHierarchy, type Hierarchy } from './hierarchy.ts';
import { levelSteps, paddingOf } from './level-flow.ts';
import { openLevels } from './levels.ts';
import { allGroups, autoOpen } from './open-groups.ts';
import type { Scene } from './scene.ts';

export interface LayoutOptions {
  readonly main: GraphView;
  readonly functions?: readonly GraphView[];
  /** How the nodes nest, when that is known already. */
  readonly hierarchy?: Hierarchy;
  /** Types and shapes for the labels on edges. */
  readonly facts?: Facts;
  /** Keys of the groups to open; `auto`: as many as a window holds. */
  readonly open: readonly string[] | 'auto' | 'all';
  /** What was on view before: boxes that stay keep their order from left to right. */
  readonly previous?: Scene;
  readonly signal?: AbortSignal;
}

/** Lays a view of the graph out. Deterministic. Throws when the signal aborts. */
export function layoutGraph(options: LayoutOptions): Scene {
  const steps = layoutSteps(options);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Milliseconds of work between pauses. */
const pauseAfter = 15;

/**
 * The same with pauses in which other messages are handled: `pause` resolves when they are. Rejects when the signal
 * aborts.
 */
export async function layoutGraphInSteps(options: LayoutOptions, pause: () => Promise<void>): Promise<Scene> {
  const steps = layoutSteps(options);
  let resumed = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (performance.now() - resumed < pauseAfter) continue;
    await pause();
    resumed = performance.now();
  }
}

function* layoutSteps({ main, functions, facts, open, signal, previous, ...known }: LayoutOptions) {
  const start = performance.now();
  const hierarchy = known.hierarchy ?? buildHierarchy(main, functions);
  const { root } = hierarchy;
  const opened = open === 'auto' ? autoOpen(root) : open === 'all' ? allGroups(root) : new Set(open);
  const levels = openLevels(root, opened);
  yield;
  connect(hierarchy, levels, facts);
  const places = previous && new Map(previous.nodes.key.map((key, box) => [key, centerOf(previous, box)]));
  for (const level of [...levels.values()].reverse()) {
    const steps = levelSteps(level, levels, places);
    for (let step = steps.next(); !step.done; step = steps.next()) {
      yield;
      signal?.throwIfAborted();
    }
  }
  const scene = assemble(root, levels, (level) => paddingOf(level).top);
  return { ...scene, milliseconds: performance.now() - start };
}

function centerOf({ nodes }: Scene, box: number): number {
  return nodes.x[box]! + nodes.width[box]! / 2;
}
