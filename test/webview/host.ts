/** A host for tests of the view's state: answers over a real connection, when the test says so. */
import type { Scene } from '../../src/core/layout/scene.ts';
import { connect, type Handlers, type Port, serve, type WireMessage } from '../../src/protocol/rpc.ts';
import type { DocumentState, ViewHostContract } from '../../src/protocol/webview.ts';
import type { NodeTable } from '../../src/protocol/worker.ts';

/** Two ends of one connection; messages arrive in the next microtask, as a copy. */
export function portPair(): [Port, Port] {
  const listeners: [Set<(message: WireMessage) => void>, Set<(message: WireMessage) => void>] = [new Set(), new Set()];
  const end = (own: 0 | 1): Port => ({
    send: (message) => {
      const copy = structuredClone(message);
      queueMicrotask(() => {
        for (const listener of listeners[1 - own]!) listener(copy);
      });
    },
    onMessage: (listener) => {
      listeners[own].add(listener);
      return () => listeners[own].delete(listener);
    },
    onClose: () => {},
  });
  return [end(0), end(1)];
}

/** A document of one version with nothing measured. */
export const plainDocument: DocumentState = {
  name: 'model.onnx',
  path: '/models/model.onnx',
  trusted: true,
  versions: [{ id: 0, label: 'Original', kind: 'original', parent: null, nodes: 3, bytes: 100 }],
  current: 0,
  job: null,
  failure: null,
  settings: { provider: 'cpu', threads: 0, timeLimit: 60, dims: {}, seed: 1 },
  remembered: false,
  defaults: {
    profile: { runs: 0, warmup: -1, level: 'all' },
    transform: { preset: 'default', verify: true, measure: true },
  },
  symbolicDims: [],
  reports: {},
  comparison: null,
};

/** Three nodes in a row. */
export const chainTable: NodeTable = {
  id: Int32Array.of(0, 1, 2),
  name: ['a', 'b', 'c'],
  opType: ['Conv', 'Relu', 'Conv'],
  domain: ['', '', ''],
  scope: ['', '', ''],
  outputType: ['', '', ''],
  producers: Int32Array.of(0, 1),
  producerOffsets: Uint32Array.of(0, 0, 1, 2),
};

/** A scene with these boxes: a node's id, or the ids that a closed group holds, or a frame's key. */
export function sceneOf(
  boxes: readonly (
    | { readonly node: number; readonly folded?: readonly number[] }
    | { readonly group: readonly number[]; readonly key: string; readonly folded?: readonly number[] }
    | { readonly frame: string }
  )[],
): Scene {
  const count = boxes.length;
  return {
    nodes: {
      count,
      kind: boxes.map((box) => ('node' in box ? 'node' : 'group' in box ? 'group' : 'frame')),
      id: Int32Array.from(boxes, (box) => ('node' in box ? box.node : -1)),
      key: boxes.map((box) => ('node' in box ? `n${box.node}` : 'group' in box ? box.key : box.frame)),
      x: new Float32Array(count),
      y: new Float32Array(count),
      width: new Float32Array(count),
      height: new Float32Array(count),
      label: boxes.map(() => ''),
      detail: boxes.map(() => ''),
      constants: boxes.map(() => []),
      category: new Uint8Array(count),
      size: new Int32Array(count),
      members: boxes.map((box) => ('group' in box ? Int32Array.from(box.group) : null)),
      folded: boxes.map((box) => ('folded' in box && box.folded ? Int32Array.from(box.folded) : null)),
    },
    edges: {
      count: 0,
      from: new Int32Array(),
      to: new Int32Array(),
      value: [],
      label: [],
      kind: [],
      points: new Float32Array(),
      offsets: new Uint32Array(1),
    },
    labels: {
      count: 0,
      edge: new Int32Array(),
      text: [],
      x: new Float32Array(),
      y: new Float32Array(),
      width: new Float32Array(),
    },
    width: 0,
    height: 0,
    milliseconds: 0,
  };
}

const nothing = async () => {};

/** A client of a host that knows `plainDocument` and `chainTable`, with some answers replaced. */
export function hostWith(answers: Partial<Handlers<ViewHostContract>> = {}) {
  const [own, other] = portPair();
  serve<ViewHostContract>(other, {
    providers: async () => [],
    machineDifferences: async () => [],
    quantizeAdvice: async () => [],
    ready: async () => ({ state: plainDocument, viewState: null }),
    summary: async () => {
      throw new Error('There is no summary.');
    },
    scene: async () => sceneOf([]),
    nodeTable: async () => chainTable,
    overlays: async () => [],
    timeline: async () => null,
    samples: async () => null,
    overlay: async () => {
      throw new Error('There is no overlay.');
    },
    search: async () => new Int32Array(),
    node: async () => {
      throw new Error('There is no node.');
    },
    tensor: async () => {
      throw new Error('There is no tensor.');
    },
    tensorValues: async () => {
      throw new Error('There is no tensor.');
    },
    profile: nothing,
    sweep: nothing,
    optimize: nothing,
    quantize: nothing,
    openCandidate: nothing,
    compare: nothing,
    mend: nothing,
    cancel: nothing,
    showVersion: nothing,
    command: nothing,
    pickPath: async () => null,
    saveFile: nothing,
    exportTensor: nothing,
    copy: nothing,
    saveViewState: nothing,
    setSettings: nothing,
    log: nothing,
    ...answers,
  });
  return connect<ViewHostContract>(own);
}

/** Lets every message that is under way arrive. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
