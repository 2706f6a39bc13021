import { useEffect, useRef } from 'preact/hooks';
import { t } from '../l10n.ts';
import { IconButton } from '../widgets/button.tsx';
import { keyGroups } from './keyboard.ts';

/** Every key, on one sheet. */
export function HelpSheet({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help-sheet" aria-labelledby="help-title" onClose={onClose}>
      <header>
        <h2 id="help-title">{t('Keys')}</h2>
        <IconButton icon="close" label={t('Close (Esc)')} onClick={() => dialog.current?.close()} />
      </header>
      <div class="help-groups">
        {keyGroups.map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(({ names, what }) => (
                <div key={what}>
                  <dt>
                    {names.map((name) => (
                      <kbd key={name}>{name}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}
