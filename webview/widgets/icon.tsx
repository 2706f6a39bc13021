/** A codicon; decoration only, so what it stands beside must say the same in words. */
export function Icon({ name, spin }: { readonly name: string; readonly spin?: boolean }) {
  return <span class={`codicon codicon-${name}${spin ? ' codicon-modifier-spin' : ''}`} aria-hidden="true" />;
}
