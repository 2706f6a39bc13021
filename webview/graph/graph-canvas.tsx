import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../l10n.ts';
import type { GraphCanvasProps } from './graph-types.ts';
import { createGraphView, type GraphView } from './graph-view.ts';
import { Minimap } from './minimap.tsx';
import { useColors } from './theme.ts';
import { TreeTwin } from './tree-twin.tsx';
import './graph.css';

export type { Camera, GraphCanvasProps, GraphHandle, Mark } from './graph-types.ts';

/** The graph on a canvas, a minimap, and a tree twin for screen readers. Fills its parent. */
export function GraphCanvas(props: GraphCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const host = useRef<HTMLDivElement | null>(null);
  const view = useSignal<GraphView | null>(null);
  const colors = useColors();
  const latest = useRef(props);
  latest.current = props;

  // The view lives as long as its canvas and reads the latest props itself.
  useEffect(() => {
    const made = createGraphView(host.current!, canvas.current!, () => latest.current, colors);
    view.value = made;
    latest.current.onHandle?.(made.handle);
    return () => {
      latest.current.onHandle?.(null);
      made.dispose();
    };
  }, []);

  useEffect(() => view.value?.setColors(colors), [colors]);

  useSignalEffect(() => {
    const { scene, selected, hits, overlay, camera, marks, followed } = latest.current;
    view.value?.update({
      scene: scene.value,
      selected: selected.value,
      hits: hits.value,
      overlay: overlay.value,
      camera: camera.value,
      marks: marks?.value ?? new Map(),
      followed: followed.value,
    });
  });

  const label = props.label ?? t('Graph');
  return (
    <div class="graph-canvas" ref={host}>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: the canvas takes the keys itself, as role application says */}
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={t(
          '{0}. Arrow keys walk along the edges; with Shift they choose an edge. Enter follows it or opens a group, Escape leaves it.',
          label,
        )}
      />
      {props.overviewShown.value && <Minimap scene={props.scene} camera={props.camera} colors={colors} host={host} />}
      <TreeTwin
        scene={props.scene}
        focused={props.focused}
        followed={props.followed}
        onChoose={(key) => view.value?.handle.selectBox(key)}
        onToggleGroup={props.onToggleGroup}
        label={label}
      />
    </div>
  );
}
