"""What an exported graph need not tell: the exporter notes where on this machine each node was written."""

from __future__ import annotations


def without_traces(graph: bytes) -> bytes:
    """Give a graph without the exporter's notes (stack traces with file names, documentation strings)."""
    import onnx

    model = onnx.load_from_string(graph)
    holders = [model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input]
    holders += [*model.graph.output, *model.graph.initializer, *model.functions]
    holders += [node for function in model.functions for node in function.node]
    for holder in holders:
        del holder.metadata_props[:]
        holder.doc_string = ""
    content: bytes = model.SerializeToString()
    return content
