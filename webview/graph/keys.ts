/** What the keys do in the graph: they walk from box to box, choose among the edges of a box, open, leave and zoom. */
import type { Signal } from '@preact/signals';
import type { Scene } from '../../src/core/layout/scene.ts';
import { edgesOf, firstBox, frameAround, otherEnd, walk } from './walk.ts';

/** What the keys read of the view, and do to it. */
export interface KeyTargets {
  scene(): Scene | null;
  /** The selected box; −1: none. */
  selected(): number;
  followed(): Signal<string | null>;
  /** Selects a box and brings it into the window. */
  jump(box: number): void;
  /** True when the box was a group or frame. */
  toggle(box: number): boolean;
  zoomBy(factor: number): void;
}

/** Takes the keys pressed on the canvas, and remembers the edge they have chosen. */
export interface GraphKeys {
  /** True when the key was used. */
  press(key: string, shift: boolean): boolean;
  /** The box or the scene is another: none of its edges is chosen. */
  forgetEdge(): void;
}

/** Keys over the boxes and edges of a scene. */
export function graphKeys({ scene: current, selected, followed, jump, toggle, zoomBy }: KeyTargets): GraphKeys {
  /** The edge of the selected box that Shift with an arrow has chosen; −1: none. */
  let chosenEdge = -1;
  /** Goes on to the next edge of the selected box, and lets its lines stand out. */
  const stepEdge = (scene: Scene, by: 1 | -1) => {
    const edges = edgesOf(scene, selected());
    if (edges.length === 0) return;
    const at = edges.indexOf(chosenEdge);
    chosenEdge = edges[at < 0 ? (by === 1 ? 0 : edges.length - 1) : (at + by + edges.length) % edges.length]!;
    followed().value = scene.edges.value[chosenEdge]!;
  };
  const press = (key: string, shift: boolean): boolean => {
    const scene = current();
    if (!scene) return false;
    const box = selected();
    const direction = arrows[key];
    if (shift && box >= 0 && (direction === 'left' || direction === 'right')) {
      stepEdge(scene, direction === 'right' ? 1 : -1);
      return true;
    }
    if (direction) {
      const next = box < 0 ? firstBox(scene) : walk(scene, box, direction);
      if (next >= 0) jump(next);
      return true;
    }
    if (key === 'Enter' && chosenEdge >= 0) {
      jump(otherEnd(scene, chosenEdge, box));
      return true;
    }
    if (key === 'Enter') return box >= 0 && toggle(box);
    if (key === 'Escape' && followed().value !== null) {
      followed().value = null;
      chosenEdge = -1;
      return true;
    }
    if (key === 'Escape' && box >= 0) {
      jump(frameAround(scene, box));
      return true;
    }
    if (key === '+' || key === '=') zoomBy(1.3);
    else if (key === '-') zoomBy(1 / 1.3);
    else return false;
    return true;
  };
  return {
    press,
    forgetEdge: () => {
      chosenEdge = -1;
    },
  };
}

const arrows: Readonly<Record<string, 'up' | 'down' | 'left' | 'right'>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};
