"""Simplifies one model with a peer and prints the number of nodes, subgraphs included: TOOL MODEL OUT."""
import sys

import onnx

tool, path, out = sys.argv[1:4]
if tool == "onnxslim":
    import onnxslim

    onnxslim.slim(path, out)
    model = onnx.load(out, load_external_data=False)
else:
    import onnxsim

    model, _ = onnxsim.simplify(onnx.load(path))
    onnx.save(model, out)


def count(graph):
    total = 0
    for node in graph.node:
        total += 1
        for attribute in node.attribute:
            if attribute.HasField("g"):
                total += count(attribute.g)
            total += sum(count(each) for each in attribute.graphs)
    return total


print(f"nodes {count(model.graph)}")
