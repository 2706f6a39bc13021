/**
 * From a model to a scene. Every open group is laid out by itself and then stands as one box in the group around it,
 * so that opening a group moves the rest as little as can be. Values that cross a frame pass through a port on its edge.
 */
import type { GraphView } from '../graph/view.ts';
import type { Facts } from '../shapes/facts.ts';
import { assemble } from './assemble.ts';
import { connect } from './connect.ts';
import type { Flow } from './flow.ts';
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
  readonly previous?: Scene | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Lays a view of the graph out. Deterministic. Throws when the signal aborts. */
export function layoutGraph(options: LayoutOptions): Scene {
  const start = performance.now();
  const steps = layoutSteps(options);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return { ...step.value, milliseconds: performance.now() - start };
    options.signal?.throwIfAborted();
  }
}

/**
 * The same with pauses after some milliseconds of work, in which other messages are handled: `pause` resolves when they
 * are. Rejects when the signal aborts.
 */
export async function layoutGraphInSteps(
  options: LayoutOptions,
  pause: () => Promise<void>,
  pauseAfter = 15,
): Promise<Scene> {
  const steps = layoutSteps(options);
  let milliseconds = 0;
  let resumed = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    const worked = performance.now() - resumed;
    if (step.done) return { ...step.value, milliseconds: milliseconds + worked };
    options.signal?.throwIfAborted();
    if (worked < pauseAfter) continue;
    milliseconds += worked;
    await pause();
    options.signal?.throwIfAborted();
    resumed = performance.now();
  }
}

type Steps = Generator<void, Omit<Scene, 'milliseconds'>>;

function* layoutSteps({ main, functions, facts, open, previous, ...known }: LayoutOptions): Steps {
  const hierarchy = known.hierarchy ?? buildHierarchy(main, functions);
  const { root } = hierarchy;
  const opened = open === 'auto' ? autoOpen(root) : open === 'all' ? allGroups(root) : new Set(open);
  const levels = openLevels(root, opened);
  yield* connect(hierarchy, levels, facts);
  const places = previous && new Map(previous.nodes.key.map((key, box) => [key, centerOf(previous, box)]));
  const size = [...levels.values()].reduce((sum, { boxes, ports }) => sum + boxes.length + ports.size, 0);
  const context = { levels, places, size, known: new Map<string, Flow>() };
  for (const level of [...levels.values()].reverse()) yield* levelSteps(level, context);
  yield;
  return assemble(root, levels, (level) => paddingOf(level).top);
}

function centerOf({ nodes }: Scene, box: number): number {
  return nodes.x[box]! + nodes.width[box]! / 2;
}
