import { Draft } from '../core/graph/draft.ts';
import type { NodeId } from '../core/graph/model.ts';
import { layoutGraphInSteps } from '../core/layout/layout-graph.ts';
import type { Scene } from '../core/layout/scene.ts';
import { createFacts } from '../core/shapes/infer.ts';
import type { SceneRequest } from '../protocol/worker.ts';
import { pause } from './pause.ts';
import type { AsRun } from './profile.ts';

/**
 * The graph that ONNX Runtime ran, in terms of the model's own nodes, so that selection and colours go on working: a
 * kernel that stands for one node has its id, one that stands for several is a group of them. Times are the kernels' own.
 */
export async function asRunScene(
  { model, origins, milliseconds }: AsRun,
  open: SceneRequest['open'],
  signal: AbortSignal,
): Promise<Scene> {
  const draft = new Draft(model);
  const { main, functions } = draft;
  const scene = await layoutGraphInSteps({ main, functions, facts: createFacts(draft), open, signal }, pause);
  const { kind, id, key, members, folded } = scene.nodes;
  const covered = Array.from(id, (each) => origins.get(each as NodeId) ?? []);
  const isFused = (box: number) => kind[box] === 'node' && covered[box]!.length > 1;
  const timeOf = (ids: Iterable<number>) => {
    const times = [...ids].flatMap((each) => milliseconds.get(each as NodeId) ?? []);
    return times.length > 0 ? times.reduce((sum, time) => sum + time, 0) : Number.NaN;
  };
  const inOwn = (ids: Iterable<number>) =>
    Int32Array.from([...ids].flatMap((each) => [...(origins.get(each as NodeId) ?? [])]));
  return {
    ...scene,
    nodes: {
      ...scene.nodes,
      key: key.map((each, box) => (isFused(box) ? `k${each.slice(1)}` : each)),
      kind: kind.map((each, box) => (isFused(box) ? 'group' : each)),
      id: Int32Array.from(id, (_, box) => (covered[box]!.length === 1 ? covered[box]![0]! : -1)),
      members: members.map((each, box) => {
        if (each) return inOwn(each);
        return covered[box]!.length > 1 ? Int32Array.from(covered[box]!) : null;
      }),
      folded: folded.map((each) => each && inOwn(each)),
      milliseconds: Float64Array.from(members, (each, box) => timeOf(each ?? [id[box]!])),
    },
  };
}
