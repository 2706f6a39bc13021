import type schemas from './operator-schemas.json';

/** What a model may give an operator, as its specification declares it for one operator set. */
export interface OperatorSchema {
  /** The operator sets that brought or changed the operator, oldest first. */
  readonly versions: readonly number[];
  /** The one of them that is in force. */
  readonly since: number;
  readonly inputs: readonly OperatorSlot[];
  readonly outputs: readonly OperatorSlot[];
  readonly attributes: ReadonlyMap<string, OperatorAttribute>;
}

/** An input or output; the last one may stand for any number more. */
export interface OperatorSlot {
  readonly name: string;
  readonly optional: boolean;
  readonly variadic: boolean;
  /** Types it may have: `float32`, `seq(tensor(int64))`. */
  readonly types: readonly string[];
}

export interface OperatorAttribute {
  /** `int`, `floats`, `graph`, … */
  readonly type: string;
  readonly required: boolean;
  /** What holds where a node leaves it out; null when nothing does. */
  readonly default: string | null;
}

type Form = readonly [since: number, inputs: string, outputs: string, attributes: Readonly<Record<string, string>>];
type Domains = Readonly<Record<string, Readonly<Record<string, readonly Form[]>>>>;

/**
 * The schema of an operator in an operator set; undefined for operators that neither ONNX nor ONNX Runtime declares, and
 * for sets older than the operator. The table behind it is read when first asked for (`scripts/operator-schemas.py`).
 */
export async function operatorSchema(
  domain: string,
  opType: string,
  opset: number,
): Promise<OperatorSchema | undefined> {
  const { default: table }: { default: typeof schemas } = await import('./operator-schemas.json', {
    with: { type: 'json' },
  });
  const domains = table.domains as unknown as Domains;
  const named = domain === 'ai.onnx' ? '' : domain;
  const operators = Object.hasOwn(domains, named) ? domains[named]! : {};
  const forms = Object.hasOwn(operators, opType) ? operators[opType]! : [];
  const form = forms.findLast(([since]) => since <= opset);
  if (!form) return undefined;
  const [since, inputs, outputs, attributes] = form;
  return {
    versions: forms.map(([first]) => first),
    since,
    inputs: slotsOf(inputs, table.types),
    outputs: slotsOf(outputs, table.types),
    attributes: new Map(Object.entries(attributes).map(([name, text]) => [name, attributeOf(text)])),
  };
}

/** `X:3 B?:3 rest*:0`, where the figures are places in `types`. */
function slotsOf(text: string, types: readonly string[]): OperatorSlot[] {
  return [...text.matchAll(/(\S+?)([?*]?):(\d+)/g)].map(([, name, mark, place]) => ({
    name: name!,
    optional: mark === '?',
    variadic: mark === '*',
    types: types[Number(place)]!.split(' '),
  }));
}

/** `int`, `int!`, `int=1`. */
function attributeOf(text: string): OperatorAttribute {
  const [, type, required, shown] = /^(\w+)(!?)(?:=(.*))?$/s.exec(text)!;
  return { type: type!, required: required === '!', default: shown ?? null };
}

/** The slot at a place, where one may stand for many; undefined beyond the last. */
export function slotAt(slots: readonly OperatorSlot[], index: number): OperatorSlot | undefined {
  const last = slots.at(-1);
  return slots[index] ?? (last?.variadic ? last : undefined);
}
