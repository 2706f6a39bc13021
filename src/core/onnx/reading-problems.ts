import type { ProblemKind } from '../problem.ts';

/** What reading a file may report, the graver ones first. */
export const readingProblems = [
  {
    code: 'unreadable',
    title: 'A file that is no ONNX model',
    severity: 'error',
    documentation:
      'The file is not a serialized ModelProto, is cut off, or is a pointer of Git LFS to the real file. Nothing of it can be shown.',
  },
  {
    code: 'external-data',
    title: 'Weights that cannot be read',
    severity: 'error',
    documentation:
      "A tensor keeps its elements in another file, and that is missing, too short, or outside the model's folder, from where nothing is read. Put the weights beside the model under the name that the message gives.",
  },
  {
    code: 'missing-value',
    title: 'Inputs that nothing produces',
    severity: 'error',
    documentation:
      'A node reads a value that is neither an input nor an initializer nor the output of a node, in its graph or in one around it. No runtime loads the model. Most often the part that made it was cut off.',
  },
  {
    code: 'missing-output',
    title: 'Outputs that nothing produces',
    severity: 'error',
    documentation: 'A graph states an output that no node of it has. No runtime loads the model.',
  },
  {
    code: 'duplicate-value',
    title: 'Values that are produced twice',
    severity: 'error',
    documentation:
      'Two nodes, or an input and a node, give a value the same name; ONNX asks for a single assignment (IR specification, “Names within a graph”). Rename one of them.',
  },
  {
    code: 'duplicate-initializer',
    title: 'Initializers that stand twice in the file',
    severity: 'error',
    documentation: 'Two initializers have one name. The last is what readers take; that the others do is not certain.',
  },
  {
    code: 'cyclic-graph',
    title: 'Nodes that depend on themselves',
    severity: 'error',
    documentation: 'There is no order in which the nodes could run. Loops are written with Loop or Scan.',
  },
  {
    code: 'unknown-type',
    title: 'Tensors of an unknown element type',
    severity: 'error',
    documentation: 'The code of the element type is none of TensorProto.DataType, or of a newer ONNX than this reader.',
  },
  {
    code: 'tensor-size',
    title: 'Tensors whose bytes do not fit their shape',
    severity: 'error',
    documentation:
      'Shape and element type need another number of bytes than the file holds. The file is damaged, or was written by a program that counts elements otherwise.',
  },
  {
    code: 'missing-opset',
    title: 'Operator sets that are not imported',
    severity: 'warning',
    documentation:
      'Nodes are of a domain whose version the model does not state, so that what they compute is not certain. ONNX Runtime takes the newest version it knows, or refuses the model.',
  },
  {
    code: 'duplicate-opset',
    title: 'Operator sets that are imported twice',
    severity: 'warning',
    documentation: 'Two versions of one operator set are imported. The newer is taken here; ONNX allows one only.',
  },
  {
    code: 'duplicate-attribute',
    title: 'Attributes that stand twice at a node',
    severity: 'warning',
    documentation: 'A node has two attributes of one name. The last is taken here; the ONNX checker refuses the file.',
  },
  {
    code: 'unknown-attribute',
    title: 'Attributes of an unknown type',
    severity: 'warning',
    documentation:
      'The type of an attribute is none of AttributeProto.AttributeType, or of a newer ONNX than this reader. Its bytes are kept and written as they are.',
  },
  {
    code: 'missing-ir-version',
    title: 'No IR version',
    severity: 'warning',
    documentation: 'The file does not say which version of the format it is in. The ONNX checker refuses it.',
  },
  {
    code: 'unsorted-nodes',
    title: 'Nodes that are not in topological order',
    severity: 'info',
    documentation:
      'ONNX asks that a node stands behind those whose outputs it reads. ONNX Runtime sorts them; the ONNX checker and other readers refuse the file.',
    fix: 'sort-nodes',
  },
  {
    code: 'initializer-not-input',
    title: 'Initializers that are no inputs',
    severity: 'info',
    documentation:
      'Up to IR version 3 every initializer was an input of the graph as well. Readers of that time look for it; those of today do not.',
  },
] as const satisfies readonly ProblemKind[];

/** A code that reading a file may report. */
export type ReadingCode = (typeof readingProblems)[number]['code'];
