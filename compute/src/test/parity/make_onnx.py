#!/usr/bin/env python3
"""Exports the committed BERT goldens as ONNX files, by PyTorch's own exporter.

Usage: make_onnx.py GOLDEN_DIR OUT_DIR     (what src/test/resources/onnx holds)

GOLDEN_DIR is what make_goldens.py wrote (src/test/resources/parity). bert-features.onnx has the norms in their parts
(opset 14) and no prefix, bert-classify.onnx has them whole (opset 17), with the prefix "bert." and a head: the weights in
both are those of the folders of the same names. The exporter that traces needs the onnx package only for functions
written in onnxscript, of which there are none here.
"""
import sys
import warnings
from pathlib import Path
import torch
import torch.nn as nn
import torch.onnx._internal.torchscript_exporter.onnx_proto_utils as onnx_proto_utils
from transformers import AutoConfig, BertForSequenceClassification, BertModel

onnx_proto_utils._add_onnxscript_fn = lambda model, custom_opsets: model
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]

def hidden(bert, ids, mask, types):
    """What BertModel computes, without what only newer exporters can trace."""
    state = bert.embeddings(input_ids=ids, token_type_ids=types)
    bias = (1.0 - mask[:, None, None, :].to(state.dtype)) * torch.finfo(state.dtype).min
    for layer in bert.encoder.layer:
        state = layer(state, bias)
        state = state[0] if isinstance(state, tuple) else state
    return state

class Features(nn.Module):
    def __init__(self, bert):
        super().__init__()
        self.embeddings, self.encoder = bert.embeddings, bert.encoder
    def forward(self, ids, mask, types):
        return hidden(self, ids, mask, types)

class Classifier(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.bert, self.classifier = model.bert, model.classifier
    def forward(self, ids, mask, types):
        return self.classifier(self.bert.pooler(hidden(self.bert, ids, mask, types)))

def export(model, file, opset, output):
    ids = torch.ones(2, 5, dtype=torch.long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(), (ids, torch.ones_like(ids), torch.zeros_like(ids)), str(file), dynamo=False,
            opset_version=opset, input_names=INPUTS, output_names=[output], do_constant_folding=True,
            dynamic_axes={name: {0: "rows", 1: "positions"} for name in INPUTS})

def main():
    goldens, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    def load(kind, name):
        config = AutoConfig.from_pretrained(goldens / name, attn_implementation="eager")
        return kind.from_pretrained(goldens / name, config=config).float()
    export(Features(load(BertModel, "bert-features")), out / "bert-features.onnx", 14, "last_hidden_state")
    export(Classifier(load(BertForSequenceClassification, "bert-classify")), out / "bert-classify.onnx", 17, "logits")

if __name__ == "__main__":
    main()
