from __future__ import annotations

import pytest

onnx = pytest.importorskip("onnx")

from instrunet.bundles import Bundle, bundled_models  # noqa: E402
from instrunet.training.onnx_graph import without_traces  # noqa: E402


def test_notes_of_the_exporter_go_and_the_graph_stays() -> None:
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    node = helper.make_node("Relu", ["x"], ["y"], doc_string="written in /home/someone/secret.py")
    entry = node.metadata_props.add()
    entry.key, entry.value = "stack_trace", "File /home/someone/secret.py"
    model = helper.make_model(helper.make_graph([node], "g", [x], [y]))
    clean = without_traces(model.SerializeToString())
    assert b"secret" not in clean
    assert [n.op_type for n in onnx.load_from_string(clean).graph.node] == ["Relu"]


def test_no_model_in_the_package_tells_where_it_was_made() -> None:
    for name in bundled_models():
        bundle = Bundle.load(name)
        for file in bundle.files:
            assert b"site-packages" not in bundle.read(file), f"{name}/{file}"
