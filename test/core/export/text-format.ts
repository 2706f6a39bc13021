/** Reads protobuf's text format against a schema, as strictly as Triton does. */

type Schema = Readonly<Record<string, Field>>;
/** A trailing `*` marks a repeated field. */
type Field = 'string' | 'int' | 'string*' | 'int*' | { readonly enum: readonly string[] } | MessageField;
interface MessageField {
  readonly message: Schema;
  readonly repeated?: boolean;
}

const dataType = {
  enum: ['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64']
    .concat(['FP16', 'FP32', 'FP64', 'STRING', 'BF16'])
    .map((name) => `TYPE_${name}`),
};
const tensor: Schema = {
  name: 'string',
  data_type: dataType,
  dims: 'int*',
  reshape: { message: { shape: 'int*' } },
};
const accelerator = { message: { name: 'string' }, repeated: true } as const;

/** The fields of `ModelConfig` in Triton's model_config.proto that Opscope may write. */
export const modelConfig: Schema = {
  name: 'string',
  backend: 'string',
  default_model_filename: 'string',
  max_batch_size: 'int',
  input: { message: tensor, repeated: true },
  output: { message: tensor, repeated: true },
  dynamic_batching: { message: { preferred_batch_size: 'int*' } },
  instance_group: {
    message: { count: 'int', kind: { enum: ['KIND_AUTO', 'KIND_GPU', 'KIND_CPU', 'KIND_MODEL'] } },
    repeated: true,
  },
  optimization: {
    message: {
      graph: { message: { level: 'int' } },
      execution_accelerators: {
        message: { gpu_execution_accelerator: accelerator, cpu_execution_accelerator: accelerator },
      },
    },
  },
  parameters: { message: { key: 'string', value: { message: { string_value: 'string' } } }, repeated: true },
};

export type Message = { readonly [field: string]: unknown };

/** Throws on what is no text format, a field that the schema lacks, a value of another type, a field given twice. */
export function parseTextFormat(text: string, schema: Schema): Message {
  const tokens = Array.from(
    text.matchAll(/#[^\n]*|"(?:[^"\\\n]|\\.)*"|[A-Za-z_]\w*|-?\d+|[{}[\]:,]|\S/g),
    ([token]) => token,
  ).filter((token) => !token.startsWith('#'));
  let at = 0;
  const next = () => tokens[at++];
  const expect = (token: string) => {
    const found = next();
    if (found !== token) throw new Error(`${found} where ${token} is expected`);
  };

  const message = (fields: Schema, end: string | undefined): Message => {
    const read: Record<string, unknown> = {};
    while (tokens[at] !== end) {
      const name = next()!;
      const field = fields[name];
      if (!field) throw new Error(`no field ${name}`);
      const repeated = typeof field === 'string' ? field.endsWith('*') : 'message' in field && field.repeated;
      if (tokens[at] === ':') at++;
      else if (typeof field === 'string' || 'enum' in field) throw new Error(`${name} needs a colon`);
      const values = tokens[at] === '[' ? many(field) : [one(field)];
      if (repeated) read[name] = [...((read[name] as unknown[]) ?? []), ...values];
      else if (name in read || values.length !== 1) throw new Error(`${name} is given twice`);
      else read[name] = values[0];
    }
    at++;
    return read;
  };
  const many = (field: Field): readonly unknown[] => {
    const values: unknown[] = [];
    expect('[');
    while (tokens[at] !== ']') {
      if (values.length > 0) expect(',');
      values.push(one(field));
    }
    at++;
    return values;
  };
  const one = (field: Field): unknown => {
    const token = next()!;
    if (typeof field === 'object' && 'message' in field) {
      if (token !== '{') throw new Error(`${token} where { is expected`);
      return message(field.message, '}');
    }
    if (typeof field === 'object') {
      if (!field.enum.includes(token)) throw new Error(`no value ${token}`);
      return token;
    }
    if (field.startsWith('int')) {
      if (!/^-?\d+$/.test(token)) throw new Error(`${token} is no integer`);
      return Number(token);
    }
    if (!token.startsWith('"')) throw new Error(`${token} is no string`);
    return unquoted(token.slice(1, -1));
  };
  return message(schema, undefined);
}

function unquoted(text: string): string {
  const bytes: number[] = [];
  for (const [piece] of text.matchAll(/\\[0-7]{3}|\\?[\s\S]/g)) {
    bytes.push(/^\\[0-7]{3}$/.test(piece) ? Number.parseInt(piece.slice(1), 8) : piece.charCodeAt(piece.length - 1));
  }
  return Buffer.from(bytes).toString('utf8');
}
