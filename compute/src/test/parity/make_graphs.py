#!/usr/bin/env python3
"""Writes small layer graphs with reference results computed by torch.

Usage: make_graphs.py OUT_DIR [--only NAME,NAME] [--seeds 1,2,3] [--widths 8,16]
       make_graphs.py OUT_DIR --committed        (what src/test/resources/parity holds)

Each folder has graph.json, model.safetensors and golden.safetensors: input.<name> of every input (f32, or i64 of ids),
labels (i64 [B, places], or f32 [B, numbers]), logits: the graph's result, loss [1], grad.<parameter> of every parameter
and adamw_losses: the loss before each of 20 steps of torch.optim.AdamW(lr=1e-3, weight_decay=0.01). All arithmetic is
float32 on the CPU. The torch modules below are written by hand, not made from graph.json: they say what the graph means.
"""
import argparse, json, os
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

STEPS, ROWS, VOCABULARY, PAD = 20, 6, 19, 0

def node(name, op, *inputs, **fields):
    return dict(name=name, op=op, inputs=list(inputs), **fields)

def graph(inputs, nodes, loss):
    return dict(format="tensorlink-graph", version=1, inputs=inputs, nodes=nodes, loss=loss)

class Mlp(nn.Module):
    """Regression: every activation, a product, a scaled share."""
    def __init__(self, w):
        super().__init__()
        self.a, self.b, self.gate = nn.Linear(7, w), nn.Linear(w, w), nn.Linear(w, w, bias=False)
        self.norm, self.out = nn.LayerNorm(w, eps=1e-6), nn.Linear(2 * w, 3)
    def forward(self, x):
        h = F.gelu(self.a(x))
        h = F.silu(self.gate(h)) * torch.tanh(self.b(h))
        h = self.norm(h)
        return self.out(torch.cat([torch.sigmoid(h), 0.5 * torch.softmax(F.gelu(h, approximate="tanh"), -1)], -1))
    def graph(self, w):
        return graph([dict(name="x", shape=[7])], [
            node("a", "linear", "x", features=w), node("act", "gelu", "a"),
            node("gate", "linear", "act", features=w, bias=False), node("silu", "silu", "gate"),
            node("b", "linear", "act", features=w), node("tanh", "tanh", "b"),
            node("product", "multiply", "silu", "tanh"), node("norm", "layer_norm", "product", epsilon=1e-6),
            node("sigmoid", "sigmoid", "norm"), node("bent", "gelu_tanh", "norm"), node("share", "softmax", "bent"),
            node("half", "scale", "share", factor=0.5), node("both", "concat", "sigmoid", "half", axis=0),
            node("out", "linear", "both", features=3)], "mean_squared_error")
    def data(self, g):
        return dict(x=torch.randn(ROWS, 7, generator=g)), torch.randn(ROWS, 3, generator=g)

class Cnn(nn.Module):
    """Classification of images: strides, margins, residual sums over three users of one value."""
    def __init__(self, w):
        super().__init__()
        self.stem = nn.Conv2d(2, w, 3, padding=1)
        self.one, self.two = nn.Conv2d(w, w, 3, padding=1), nn.Conv2d(w, w, 3, padding=1, bias=False)
        self.side = nn.Conv2d(w, w, 1)
        self.down = nn.Conv2d(w, 2 * w, (3, 2), stride=(2, 1), padding=(1, 0))
        self.head = nn.Linear(2 * w, 5)
    def forward(self, image):
        x = F.max_pool2d(F.relu(self.stem(image)), 2)
        y = self.two(F.relu(self.one(x)))
        x = F.relu(x + y + self.side(x))
        x = F.avg_pool2d(F.relu(self.down(x)), 2, padding=1)
        return self.head(x.mean((2, 3)))
    def graph(self, w):
        return graph([dict(name="image", shape=[2, 10, 12])], [
            node("stem", "conv2d", "image", channels=w, kernel=3, padding=1), node("stem.act", "relu", "stem"),
            node("pool", "max_pool2d", "stem.act", kernel=2),
            node("one", "conv2d", "pool", channels=w, kernel=[3, 3], padding=[1, 1]), node("one.act", "relu", "one"),
            node("two", "conv2d", "one.act", channels=w, kernel=3, padding=1, bias=False),
            node("sum", "add", "pool", "two"), node("side", "conv2d", "pool", channels=w, kernel=1),
            node("sum2", "add", "sum", "side"), node("act", "relu", "sum2"),
            node("down", "conv2d", "act", channels=2 * w, kernel=[3, 2], stride=[2, 1], padding=[1, 0]),
            node("down.act", "relu", "down"), node("mean", "mean_pool2d", "down.act", kernel=2, padding=1),
            node("flat", "mean", "mean", axes=[1, 2]), node("head", "linear", "flat", features=5)], "cross_entropy")
    def data(self, g):
        return (dict(image=torch.randn(ROWS, 2, 10, 12, generator=g)),
                torch.randint(0, 5, (ROWS, 1), generator=g))

class Attention(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(w, w) for _ in range(4))
    def forward(self, x, memory, causal=False, mask=None):
        heads = lambda y: y.view(y.shape[0], y.shape[1], 2, -1).transpose(1, 2)
        q, k, v = heads(self.q(x)), heads(self.k(memory)), heads(self.v(memory))
        scores = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5
        if causal: scores = scores.masked_fill(torch.ones_like(scores[0, 0]).triu(1).bool(), float("-inf"))
        if mask is not None: scores = scores.masked_fill(mask[:, None, None] == 0, float("-inf"))
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape[0], x.shape[1], -1))

class Seq2Seq(nn.Module):
    """An encoder and a decoder that looks at it; padding does not count. Labels are one per position."""
    SOURCE, TARGET = 9, 6
    def __init__(self, w):
        super().__init__()
        self.source_embedding, self.target_embedding = nn.Embedding(VOCABULARY, w), nn.Embedding(VOCABULARY, w)
        self.source_positions, self.target_positions = nn.Embedding(self.SOURCE, w), nn.Embedding(self.TARGET, w)
        self.look, self.causal, self.cross = Attention(w), Attention(w), Attention(w)
        self.n1, self.n2, self.n3 = nn.LayerNorm(w), nn.LayerNorm(w), nn.LayerNorm(w)
        self.up, self.down, self.head = nn.Linear(w, 2 * w), nn.Linear(2 * w, w), nn.Linear(w, VOCABULARY)
    def forward(self, source, target):
        mask = source != PAD
        e = self.source_embedding(source) + self.source_positions.weight
        e = self.n1(e + self.look(e, e, mask=mask))
        d = self.target_embedding(target) + self.target_positions.weight
        d = self.n2(d + self.causal(d, d, causal=True))
        d = self.n3(d + self.cross(d, e, mask=mask))
        return self.head(d + self.down(F.relu(self.up(d))))
    def graph(self, w):
        def attention(name, x, memory, mask=None, causal=False):
            return [node(f"{name}.q", "linear", x, features=w), node(f"{name}.k", "linear", memory, features=w),
                    node(f"{name}.v", "linear", memory, features=w),
                    node(name, "attention", f"{name}.q", f"{name}.k", f"{name}.v", *([mask] if mask else []), heads=2,
                         causal=causal),
                    node(f"{name}.out", "linear", name, features=w)]
        return graph([dict(name="source", shape=[self.SOURCE], ids=VOCABULARY),
                      dict(name="target", shape=[self.TARGET], ids=VOCABULARY)], [
            node("mask", "token_mask", "source", padding=PAD),
            node("source_embedding", "embedding", "source", width=w), node("source_positions", "positions", "source_embedding"),
            *attention("look", "source_positions", "source_positions", "mask"),
            node("r1", "add", "source_positions", "look.out"), node("n1", "layer_norm", "r1"),
            node("target_embedding", "embedding", "target", width=w), node("target_positions", "positions", "target_embedding"),
            *attention("causal", "target_positions", "target_positions", causal=True),
            node("r2", "add", "target_positions", "causal.out"), node("n2", "layer_norm", "r2"),
            *attention("cross", "n2", "n1", "mask"), node("r3", "add", "n2", "cross.out"), node("n3", "layer_norm", "r3"),
            node("up", "linear", "n3", features=2 * w), node("act", "relu", "up"), node("down", "linear", "act", features=w),
            node("r4", "add", "n3", "down"), node("head", "linear", "r4", features=VOCABULARY)], "cross_entropy")
    def data(self, g):
        source = torch.randint(1, VOCABULARY, (ROWS, self.SOURCE), generator=g)
        for row in range(ROWS): source[row, 4 + row % 5:] = PAD
        target = torch.randint(1, VOCABULARY, (ROWS, self.TARGET), generator=g)
        labels = torch.randint(1, VOCABULARY, (ROWS, self.TARGET), generator=g)
        labels[2, 4:] = -100
        return dict(source=source, target=target), labels

class Reshaped(nn.Module):
    """Axes in other orders, one place of many, everything in a row."""
    def __init__(self, w):
        super().__init__()
        self.mix, self.wide = nn.Linear(4, w), nn.Linear(3, 2)
        self.head = nn.Linear(2 * w + w, 4)
    def forward(self, x):
        h = torch.relu(self.mix(x.reshape(-1, 3, 4)))
        t = self.wide(h.permute(0, 2, 1))
        return self.head(torch.cat([t.flatten(1), h[:, 1]], 1))
    def graph(self, w):
        return graph([dict(name="x", shape=[12])], [
            node("grid", "reshape", "x", shape=[3, 4]), node("mix", "linear", "grid", features=w), node("act", "relu", "mix"),
            node("turned", "transpose", "act", axes=[1, 0]), node("wide", "linear", "turned", features=2),
            node("flat", "flatten", "wide"), node("second", "select", "act", index=1),
            node("both", "concat", "flat", "second", axis=0), node("head", "linear", "both", features=4)], "cross_entropy")
    def data(self, g):
        return dict(x=torch.randn(ROWS, 12, generator=g)), torch.randint(0, 4, (ROWS, 1), generator=g)

class Shared(nn.Module):
    """One weight at two places: an embedding which is also a linear node's, and a linear node that is used twice."""
    def __init__(self, w):
        super().__init__()
        self.embedding, self.scores = nn.Embedding(VOCABULARY, w), nn.Linear(w, VOCABULARY)
        self.scores.weight = self.embedding.weight
        self.stem, self.mix = nn.Linear(7, w), nn.Linear(VOCABULARY + w, VOCABULARY + w)
        self.out = nn.Linear(VOCABULARY + w, 4)
    def forward(self, ids, x):
        both = torch.cat([self.scores(self.embedding(ids).mean(1)), self.stem(x)], -1)
        return self.out(both + self.mix(torch.tanh(self.mix(both))))
    def graph(self, w):
        return graph([dict(name="ids", shape=[5], ids=VOCABULARY), dict(name="x", shape=[7])], [
            node("embedding", "embedding", "ids", width=w), node("mean", "mean", "embedding", axes=[0]),
            node("scores", "linear", "mean", features=VOCABULARY, shares="embedding"),
            node("stem", "linear", "x", features=w), node("both", "concat", "scores", "stem", axis=0),
            node("mix", "linear", "both", features=VOCABULARY + w), node("act", "tanh", "mix"),
            node("again", "linear", "act", features=VOCABULARY + w, shares="mix"), node("sum", "add", "both", "again"),
            node("out", "linear", "sum", features=4)], "cross_entropy")
    def data(self, g):
        return (dict(ids=torch.randint(0, VOCABULARY, (ROWS, 5), generator=g), x=torch.randn(ROWS, 7, generator=g)),
                torch.randint(0, 4, (ROWS, 1), generator=g))

ALL = {"graph-mlp": Mlp, "graph-cnn": Cnn, "graph-seq2seq": Seq2Seq, "graph-reshaped": Reshaped,
       "graph-shared": Shared}

def loss_of(result, labels):
    if labels.dtype == torch.int64:
        return F.cross_entropy(result.reshape(-1, result.shape[-1]), labels.reshape(-1))
    return F.mse_loss(result, labels)

def make(name, path, seed, width):
    torch.manual_seed(seed)
    model = ALL[name](width)
    with torch.no_grad():                    # norms away from their trivial initial values
        for p in model.parameters():
            if p.ndim == 1: p.add_(0.1 * torch.randn_like(p))
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "graph.json"), "w") as out:
        json.dump(model.graph(width), out, separators=(",", ":"))
    copy = lambda d: {k: v.detach().clone().contiguous() for k, v in d.items()}
    save_file(copy(dict(model.named_parameters())), os.path.join(path, "model.safetensors"), metadata={"format": "pt"})
    inputs, labels = model.data(torch.Generator().manual_seed(seed + 1))
    gold = {"input." + k: v for k, v in inputs.items()} | {"labels": labels}
    result = model(**inputs)
    loss = loss_of(result, labels)
    loss.backward()
    gold |= {"logits": result, "loss": loss.reshape(1)}
    gold |= {"grad." + n: p.grad for n, p in model.named_parameters()}
    gold, optimizer, losses = copy(gold), torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(model(**inputs), labels)
        losses.append(loss.item()); loss.backward(); optimizer.step()
    gold["adamw_losses"] = torch.tensor(losses)
    save_file(gold, os.path.join(path, "golden.safetensors"), metadata={"torch": torch.__version__, "seed": str(seed)})
    print(f"{os.path.basename(path):24s} loss {losses[0]:.4f} -> {losses[-1]:.4f}", flush=True)

if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("out")
    ap.add_argument("--only")
    ap.add_argument("--seeds", default="1,2,3")
    ap.add_argument("--widths", default="8,16")
    ap.add_argument("--committed", action="store_true")
    a = ap.parse_args()
    for name in a.only.split(",") if a.only else ALL:
        if a.committed:
            make(name, os.path.join(a.out, name), 1, 8)
        else:
            for width in map(int, a.widths.split(",")):
                for seed in map(int, a.seeds.split(",")):
                    make(name, os.path.join(a.out, f"{name}-w{width}-s{seed}"), seed, width)
