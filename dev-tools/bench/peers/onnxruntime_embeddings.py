"""MiniLM in onnxruntime: the same weights and sentences as the box, as a yardstick.

Reads {"model", "sentences", "seconds", "threads"} from standard input; writes {"name", "rates", "vectors"}.
The ONNX graph is made here from the safetensors file; the benchmark compares the vectors with the box's.
"""

import json
import pathlib
import sys
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

DTYPES = {"F32": numpy.float32, "I64": numpy.int64}


def read_weights(path):
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    body = memoryview(data)[8 + length:]
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            yield name, numpy.frombuffer(body[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])


class Graph:
    """Nodes and constants of a graph under construction; each method returns its output's name."""

    def __init__(self, weights, epsilon):
        self.weights, self.epsilon = weights, epsilon
        self.nodes, self.constants = [], {}

    def constant(self, value, dtype=numpy.float32):
        name = f"constant_{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(numpy.asarray(value, dtype), name)
        return name

    def weight(self, name, transposed=False):
        value = self.weights[name]
        key = f"{name}.T" if transposed else name
        if key not in self.constants:
            array = numpy.ascontiguousarray(value.T if transposed else value)
            self.constants[key] = numpy_helper.from_array(array, key)
        return key

    def op(self, kind, *inputs, **attributes):
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(self, x, name):
        product = self.op("MatMul", x, self.weight(f"{name}.weight", transposed=True))
        return self.op("Add", product, self.weight(f"{name}.bias"))

    def norm(self, x, name):
        return self.op("LayerNormalization", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"),
                       axis=-1, epsilon=self.epsilon)

    def heads(self, x, count, size, order):
        shape = self.constant([0, 0, count, size], numpy.int64)
        return self.op("Transpose", self.op("Reshape", x, shape), perm=order)

    def layer(self, x, mask, prefix, count, size):
        attention = f"{prefix}.attention.self"
        query = self.heads(self.linear(x, f"{attention}.query"), count, size, [0, 2, 1, 3])
        key = self.heads(self.linear(x, f"{attention}.key"), count, size, [0, 2, 3, 1])
        value = self.heads(self.linear(x, f"{attention}.value"), count, size, [0, 2, 1, 3])
        scores = self.op("Mul", self.op("MatMul", query, key), self.constant(size ** -0.5))
        weights = self.op("Softmax", self.op("Add", scores, mask), axis=-1)
        mixed = self.op("Transpose", self.op("MatMul", weights, value), perm=[0, 2, 1, 3])
        joined = self.op("Reshape", mixed, self.constant([0, 0, count * size], numpy.int64))
        joined = self.linear(joined, f"{prefix}.attention.output.dense")
        x = self.norm(self.op("Add", joined, x), f"{prefix}.attention.output.LayerNorm")
        inner = self.op("Gelu", self.linear(x, f"{prefix}.intermediate.dense"))
        return self.norm(self.op("Add", self.linear(inner, f"{prefix}.output.dense"), x), f"{prefix}.output.LayerNorm")


def build(folder):
    """BERT with masked mean pooling and vectors of length 1, for inputs `ids` and `mask` of batch x tokens."""
    config = json.loads((folder / "config.json").read_text())
    count = config["num_attention_heads"]
    size = config["hidden_size"] // count
    graph = Graph(dict(read_weights(folder / "model.safetensors")), config["layer_norm_eps"])
    words = graph.op("Gather", graph.weight("embeddings.word_embeddings.weight"), "ids")
    length = graph.op("Gather", graph.op("Shape", "ids"), graph.constant([1], numpy.int64))
    zero = graph.constant([0], numpy.int64)
    places = graph.op("Slice", graph.weight("embeddings.position_embeddings.weight"), zero, length, zero)
    kind = graph.op("Slice", graph.weight("embeddings.token_type_embeddings.weight"), zero,
                    graph.constant([1], numpy.int64), zero)
    x = graph.norm(graph.op("Add", graph.op("Add", words, places), kind), "embeddings.LayerNorm")
    mask = graph.op("Cast", "mask", to=TensorProto.FLOAT)
    absent = graph.op("Mul", graph.op("Sub", mask, graph.constant(1)), graph.constant(1e9))
    absent = graph.op("Unsqueeze", absent, graph.constant([1, 2], numpy.int64))
    for number in range(config["num_hidden_layers"]):
        x = graph.layer(x, absent, f"encoder.layer.{number}", count, size)
    mask = graph.op("Unsqueeze", mask, graph.constant([2], numpy.int64))
    tokens = graph.constant([1], numpy.int64)
    total = graph.op("ReduceSum", graph.op("Mul", x, mask), tokens, keepdims=0)
    mean = graph.op("Div", total, graph.op("ReduceSum", mask, tokens, keepdims=0))
    # The last constant is an axis: a vector per row.
    long = graph.op("ReduceL2", mean, tokens, keepdims=1)
    graph.nodes.append(helper.make_node("Div", [mean, long], ["vectors"]))
    made = helper.make_graph(
        graph.nodes, "minilm",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("ids", "mask")],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", config["hidden_size"]])],
        list(graph.constants.values()),
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def main():
    asked = json.load(sys.stdin)
    folder = pathlib.Path(asked["model"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding()
    tokenizer.enable_truncation(512)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = asked["threads"]
    session = onnxruntime.InferenceSession(build(folder).SerializeToString(), options, ["CPUExecutionProvider"])

    def embed(sentences):
        encoded = tokenizer.encode_batch(sentences)
        inputs = {
            "ids": numpy.array([entry.ids for entry in encoded], numpy.int64),
            "mask": numpy.array([entry.attention_mask for entry in encoded], numpy.int64),
        }
        return session.run(["vectors"], inputs)[0]

    sentences = asked["sentences"]
    rates = {}
    for batch in (1, 32):
        embed(sentences[:batch])
        done, at, start = 0, 0, time.perf_counter()
        while time.perf_counter() - start < asked["seconds"]:
            embed([sentences[(at + offset) % len(sentences)] for offset in range(batch)])
            done, at = done + batch, at + batch
        rates[batch] = done / (time.perf_counter() - start)
    vectors = [[float(number) for number in embed([sentence])[0]] for sentence in sentences]
    json.dump({"name": f"onnxruntime {onnxruntime.__version__}", "rates": rates, "vectors": vectors}, sys.stdout)


if __name__ == "__main__":
    main()
