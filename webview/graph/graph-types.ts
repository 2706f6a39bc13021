/** What the graph view takes and gives. The shell around it holds the signals; the view only draws and reports what the user did. */
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { NodeId } from '../../src/core/graph/model.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import type { Overlay } from '../../src/core/overlay.ts';

/** The point of the scene in the middle of the window, and pixels of the screen a pixel of the scene. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** What a comparison says of a node. */
export type Mark = 'added' | 'removed' | 'changed' | 'fused';

export interface GraphCanvasProps {
  readonly scene: ReadonlySignal<Scene | null>;
  readonly selected: ReadonlySignal<NodeId | null>;
  /** Nodes that the search found. */
  readonly hits: ReadonlySignal<ReadonlySet<NodeId>>;
  readonly overlay: ReadonlySignal<Overlay | null>;
  /** Null: the view fits the scene into the window and sets it. */
  readonly camera: Signal<Camera | null>;
  /** Name of the value whose lines stand out; null: none is followed. The view sets it when the user chooses an edge. */
  readonly followed: Signal<string | null>;
  readonly marks?: ReadonlySignal<ReadonlyMap<NodeId, Mark>>;
  /** Whether there is an overview in the corner where the scene does not fit. */
  readonly overviewShown: ReadonlySignal<boolean>;
  /** Name for screen readers: `Graph of resnet50.onnx`. */
  readonly label?: string;
  /** The user chose a node, or the box with this key that is none, or nothing. */
  readonly onSelect: (id: NodeId | null, box: string | null) => void;
  /** The user opens or closes the group or frame with this key (`SceneNodes.key`); the shell asks for a new scene. */
  readonly onToggleGroup: (key: string) => void;
  /** Key (`SceneNodes.key`) of the box that the selection is on: a node's, a group's or a frame's. The view sets it. */
  readonly focused: Signal<string | null>;
  /** Called once with the handle through which buttons and keys outside drive the view; null when the view goes. */
  readonly onHandle?: (handle: GraphHandle | null) => void;
}

/** Drives a mounted view. */
export interface GraphHandle {
  /** Shows the whole scene. */
  fit(): void;
  /** Zooms about the middle of the window. */
  zoomBy(factor: number): void;
  /** Brings a node, or the group that holds it, into the window of the latest scene if it is not there. */
  reveal(id: NodeId): void;
  /** Marks a box by its key, as a click on it would, and brings it into the window. */
  selectBox(key: string): void;
  /** In the next scene the box in the middle of the window stays where it is. */
  keepMiddle(): void;
  focus(): void;
  /** The scene as a stand-alone SVG in the colours on screen. */
  toSvg(): string;
  /** The scene, or what of it is in the window, as a PNG; at most 16,384 pixels a side. */
  toPng(part: 'scene' | 'window'): Promise<Uint8Array>;
  /** For tests and benches: boxes in the scene, boxes drawn in the last frame, milliseconds of the last 120 frames. */
  probe(): { readonly boxes: number; readonly drawn: number; readonly frames: readonly number[] };
}
