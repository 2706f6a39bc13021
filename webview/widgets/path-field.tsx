import type { Client } from '../../src/protocol/rpc.ts';
import type { ViewHostContract } from '../../src/protocol/webview.ts';
import { t } from '../l10n.ts';
import { IconButton } from './button.tsx';
import { TextField } from './text-field.tsx';

interface PathFieldProps {
  readonly host: Client<ViewHostContract>;
  readonly label: string;
  readonly value: string;
  readonly onChange: (path: string) => void;
  readonly placeholder: string;
}

/** A file or folder: typed, or chosen in VS Code's own dialogs. */
export function PathField({ host, label, value, onChange, placeholder }: PathFieldProps) {
  const pick = async (folders: boolean) => {
    const path = await host.pickPath({ title: label, folders });
    if (path !== null) onChange(path);
  };
  return (
    <div class="path-field">
      <TextField label={label} value={value} onChange={onChange} placeholder={placeholder} />
      <IconButton icon="file" label={t('{0}: choose a file', label)} onClick={() => void pick(false)} />
      <IconButton icon="folder-opened" label={t('{0}: choose a folder', label)} onClick={() => void pick(true)} />
      {value !== '' && <IconButton icon="close" label={t('{0}: clear', label)} onClick={() => onChange('')} />}
    </div>
  );
}
