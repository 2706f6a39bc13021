import { english } from '../english.ts';
import type { Pass } from './pass.ts';

/**
 * inputs `x, w` with an initializer `w`
 * become the input `x`: nobody can feed `w` any more, and every tool may treat it as the constant it is.
 * Below IR version 4 such initializers are constants already; the version is raised so that new ones may be added.
 */
export const freezeInitializers: Pass = {
  name: 'freeze-initializers',
  title: english`Make overridable initializers constants`,
  summary: english`Takes initializers out of the list of inputs. A caller can then no longer override them; this is reported as a change of signature.`,
  exactness: 'exact',
  run(draft, { options }) {
    const { main, model } = draft;
    const old = model.irVersion < 4;
    if (options.keepOverridable && !old) return;
    const kept = main.inputs.filter(({ name }) => !main.initializer(name));
    if (kept.length === main.inputs.length) return;
    const count = main.inputs.length - kept.length;
    const why = old
      ? english`${count} initializers were listed as inputs, as IR version ${model.irVersion} asks; version 4 does not.`
      : english`${count} inputs with a default value became constants; they can no longer be fed.`;
    main.rewrite('inputs', why, (edit) => {
      edit.setInputs(kept);
      if (old) draft.setModel({ irVersion: 4 });
    });
  },
};
