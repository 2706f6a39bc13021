import { useEffect, useState } from 'preact/hooks';
import type { SvgColors } from '../../src/core/layout/svg.ts';
import type { Theme } from './overlay-color.ts';

/** Colours of the graph, from those of VS Code's theme. */
export interface GraphColors extends SvgColors {
  readonly theme: Theme;
  readonly selection: string;
  readonly hit: string;
  readonly hover: string;
  readonly added: string;
  readonly removed: string;
  readonly changed: string;
  readonly font: string;
}

/** Edges of boxes by operator category, in light and dark: of one lightness, so that none shouts. */
const categories = {
  light: [
    '#7a838c',
    '#0a69c4',
    '#a86a00',
    '#157a70',
    '#7a4fcf',
    '#6b7580',
    '#3f7f2a',
    '#9a5527',
    '#c02a3a',
    '#b0347f',
    '#9aa3ab',
  ],
  dark: [
    '#8b949e',
    '#4a9ff5',
    '#e0a43a',
    '#3fb8a8',
    '#a98bf0',
    '#8f9ba8',
    '#79b85c',
    '#cf8a55',
    '#f0707a',
    '#e070b0',
    '#6e7681',
  ],
};

/** Reads the colours now in force from the page. */
export function readColors(): GraphColors {
  const style = getComputedStyle(document.body);
  const color = (name: string, fallback: string) => style.getPropertyValue(`--vscode-${name}`).trim() || fallback;
  const kinds = document.body.classList;
  const theme: Theme = kinds.contains('vscode-high-contrast-light')
    ? 'high-contrast-light'
    : kinds.contains('vscode-high-contrast')
      ? 'high-contrast'
      : kinds.contains('vscode-light')
        ? 'light'
        : 'dark';
  const dark = theme === 'dark' || theme === 'high-contrast';
  const contrast = theme.startsWith('high-contrast');
  const background = color('editor-background', dark ? '#1f1f1f' : '#ffffff');
  const text = color('editor-foreground', dark ? '#cccccc' : '#3b3b3b');
  const border = contrast ? color('contrastBorder', text) : color('editorWidget-border', dark ? '#454545' : '#c8c8c8');
  return {
    theme,
    background,
    box: contrast ? background : color('editorWidget-background', dark ? '#202020' : '#f8f8f8'),
    frame: contrast ? background : color('sideBar-background', dark ? '#181818' : '#f3f3f3'),
    border,
    text,
    quiet: contrast ? text : color('descriptionForeground', dark ? '#9d9d9d' : '#666666'),
    edge: contrast ? text : dark ? '#6e6e6e' : '#9a9a9a',
    categories: categories[dark ? 'dark' : 'light'],
    selection: color('focusBorder', '#0078d4'),
    hit: color('editor-findMatchHighlightBorder', '') || (dark ? '#e2b93d' : '#b07800'),
    hover: color('list-hoverForeground', text),
    added: color('gitDecoration-addedResourceForeground', '#2ea043'),
    removed: color('gitDecoration-deletedResourceForeground', '#c74e39'),
    changed: color('gitDecoration-modifiedResourceForeground', '#d29922'),
    font: style.getPropertyValue('--vscode-font-family').trim() || 'system-ui, sans-serif',
  };
}

/** The colours, read again whenever VS Code changes its theme. */
export function useColors(): GraphColors {
  const [colors, setColors] = useState(readColors);
  useEffect(() => {
    const observer = new MutationObserver(() => setColors(readColors()));
    observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'style'] });
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'style'] });
    return () => observer.disconnect();
  }, []);
  return colors;
}
