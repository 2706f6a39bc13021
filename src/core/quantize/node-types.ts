/** What a node can have of its own: the type of what it reads and gives, or how many scales its weights have. */
export const nodeTypes = ['uint8', 'uint16', 'per-tensor', 'per-channel'] as const;
export type NodeType = (typeof nodeTypes)[number];
