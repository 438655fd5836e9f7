#!/usr/bin/env python3
"""Writes small Hugging Face checkpoints with reference results computed by torch and transformers.

Usage: make_goldens.py OUT_DIR [--only NAME,NAME] [--seeds 1,2,3] [--widths 16,32]
       make_goldens.py OUT_DIR --committed        (what src/test/resources/parity holds, besides the three oldest)

Without --committed each checkpoint is in OUT_DIR/NAME-wWIDTH-sSEED/, with it in OUT_DIR/NAME/: config.json,
model.safetensors (or shards with an index) and golden.safetensors:
  input_ids [B,T] i64, attention_mask [B,T] i64, token_type_ids [B,T] i64 (of encoders), labels (causal and masked LM [B,T], classification [B]) i64, of a regression [B,2] f32,
  logits f32 (of a bare encoder: its last hidden state), loss [1] f32, grad.<parameter name> f32 for every parameter
  (loss.backward() from zero gradients; not of a bare encoder, which has no loss), adamw_losses [STEPS] f32: the loss before each step of
  torch.optim.AdamW(lr=1e-3, betas=(0.9,0.999), eps=1e-8, weight_decay=0.01) on the same batch, in float32, dropout
  off, and, for causal models, greedy [1, 16+24] i64: greedy generation of 24 tokens after input_ids[:1, :16].
All arithmetic is float32 on the CPU. Weights are stored as float32 except where the name says bf16 or f16: those are
rounded before anything is computed, so that a reader that widens them exactly has the same values.
"""
import argparse, os
import torch
from safetensors.torch import save_file
from transformers import (AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSequenceClassification,
                          BertConfig, DistilBertConfig, RobertaConfig, GPT2Config, GPTNeoXConfig, Gemma2Config, LlamaConfig, MistralConfig,
                          Phi3Config, Qwen2Config, Qwen3Config)

STEPS, LAYERS, HEADS, VOCABULARY = 20, 3, 4, 128

def sizes(h):
    return dict(vocab_size=VOCABULARY, hidden_size=h, intermediate_size=h * 3, num_hidden_layers=LAYERS,
                num_attention_heads=HEADS, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)

def grouped(h):
    return dict(sizes(h), num_key_value_heads=2)

# Each config turns on what tells its family from the others: windows shorter than the text, caps low enough to bend
# the scores, heads that are not hidden / heads wide.
CAUSAL = {
    "llama-rope-llama3": lambda h: LlamaConfig(**grouped(h), tie_word_embeddings=True, attention_bias=True, mlp_bias=True,
        rope_parameters=dict(rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0,
                             high_freq_factor=4.0, original_max_position_embeddings=32)),
    "llama-rope-linear": lambda h: LlamaConfig(**grouped(h), rope_parameters=dict(rope_type="linear", rope_theta=10000.0,
                             factor=2.0)),
    "mistral": lambda h: MistralConfig(**grouped(h), sliding_window=8),
    "qwen2-windows": lambda h: Qwen2Config(**grouped(h), use_sliding_window=True, sliding_window=8, max_window_layers=1),
    "qwen3": lambda h: Qwen3Config(**grouped(h), head_dim=h // 2),
    "qwen3-bias": lambda h: Qwen3Config(**grouped(h), head_dim=h // 4, attention_bias=True, tie_word_embeddings=True),
    "gemma2": lambda h: Gemma2Config(**grouped(h), head_dim=h // 2, query_pre_attn_scalar=h // 4, sliding_window=8,
                                     attn_logit_softcapping=0.5, final_logit_softcapping=0.75),
    "gemma2-uncapped": lambda h: Gemma2Config(**grouped(h), head_dim=h // 4, query_pre_attn_scalar=3, sliding_window=8,
                                     attn_logit_softcapping=None, final_logit_softcapping=None),
    "phi3": lambda h: Phi3Config(**grouped(h)),
    "phi3-window": lambda h: Phi3Config(**grouped(h), sliding_window=8,
                                     rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5)),
    "gpt2": lambda h: GPT2Config(vocab_size=VOCABULARY, n_embd=h, n_layer=LAYERS, n_head=HEADS, n_positions=64,
                                 bos_token_id=1, eos_token_id=2, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0),
    "gpt-neox": lambda h: GPTNeoXConfig(**sizes(h), rotary_pct=0.5),
    "gpt-neox-sequential": lambda h: GPTNeoXConfig(**sizes(h), rotary_pct=1.0, use_parallel_residual=False,
                                 tie_word_embeddings=True, attention_bias=False),
    "llama-bf16": lambda h: LlamaConfig(**grouped(h)),
    "qwen3-f16": lambda h: Qwen3Config(**grouped(h), head_dim=h // 4),
}
NO_DROPOUT = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)

def bert(h):
    return BertConfig(**sizes(h), **NO_DROPOUT, num_labels=3)

def roberta(h):
    return RobertaConfig(**dict(sizes(h), pad_token_id=1, bos_token_id=0), **NO_DROPOUT, type_vocab_size=1, num_labels=3)

def distilbert(h):
    return DistilBertConfig(vocab_size=VOCABULARY, dim=h, hidden_dim=h * 3, n_layers=LAYERS, n_heads=HEADS,
        max_position_embeddings=64, dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0, num_labels=3, pad_token_id=0)

ENCODERS = {"bert": bert, "roberta": roberta, "distilbert": distilbert}
TASKS = {"mlm": AutoModelForMaskedLM, "classify": AutoModelForSequenceClassification,
         "regress": AutoModelForSequenceClassification, "features": AutoModel}
SHARDED = {"phi3", "gpt2", "qwen3-bias"}
COMMITTED = ["llama-rope-llama3", "qwen2-windows", "qwen3", "gemma2", "gemma2-uncapped", "phi3", "phi3-window", "gpt2",
             "gpt-neox", "gpt-neox-sequential", "llama-bf16", "qwen3-f16", "bert-mlm", "bert-classify", "bert-regress", "bert-features",
             "roberta-mlm", "roberta-classify", "distilbert-mlm", "distilbert-classify", "distilbert-features"]
ALL = [*CAUSAL, *(f"{family}-{task}" for family in ENCODERS for task in TASKS)]

def build(name, hidden):
    family, _, task = name.partition("-")
    if family in ENCODERS:
        config = ENCODERS[family](hidden)
        if task == "regress":
            config.problem_type, config.num_labels = "regression", 2
        return TASKS[task].from_config(config, attn_implementation="eager"), task
    return AutoModelForCausalLM.from_config(CAUSAL[name](hidden), attn_implementation="eager"), "causal"

def batch(kind, generator, pad, segments):
    ids = torch.randint(3, VOCABULARY, (4, 20), generator=generator)
    mask = torch.ones_like(ids)
    if kind == "causal":
        return {"input_ids": ids, "attention_mask": mask, "labels": ids.clone()}
    for row, n in enumerate((20, 17, 9, 14)):        # right padding, as a tokenizer pads
        mask[row, n:] = 0
        ids[row, n:] = pad
    batch = {"input_ids": ids, "attention_mask": mask}
    if segments > 1:
        batch["token_type_ids"] = (torch.arange(20).expand(4, 20) >= 6).long() * mask
    if kind == "classify":
        batch["labels"] = torch.tensor([0, 2, 1, 2])
    if kind == "regress":
        batch["labels"] = torch.randn((4, 2), generator=generator)
    if kind == "mlm":
        keep = (torch.rand(ids.shape, generator=generator) < 0.3) & (mask == 1)
        batch["labels"] = torch.where(keep, ids, -100)
    return batch

def result(model, batch):
    out = model(**batch)
    return (out.loss, out.logits) if "labels" in batch else (None, out.last_hidden_state)

def make(name, path, seed, hidden):
    torch.manual_seed(seed)
    model, kind = build(name, hidden)
    model = model.float().eval()
    stored = {"bf16": torch.bfloat16, "f16": torch.float16}.get(name.split("-")[-1], torch.float32)
    with torch.no_grad():                    # norms and biases away from their trivial initial values, weights larger
        for p in model.parameters():
            if p.ndim == 1: p.add_(0.1 * torch.randn_like(p))
            else: p.mul_(4)
            p.copy_(p.to(stored))
    os.makedirs(path, exist_ok=True)
    model.to(stored).save_pretrained(path, **({"max_shard_size": "30KB"} if name in SHARDED else {}))
    extra = os.path.join(path, "generation_config.json")
    if os.path.exists(extra): os.remove(extra)
    model = type(model).from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
    inputs = batch(kind, torch.Generator().manual_seed(seed + 1), model.config.pad_token_id or 0,
                   getattr(model.config, "type_vocab_size", 1))
    gold, ids = dict(inputs), inputs["input_ids"]
    loss, logits = result(model, inputs)
    gold["logits"] = logits.detach().contiguous()
    if loss is None:
        return save(gold, path, kind, seed)
    loss.backward()
    gold["loss"] = loss.detach().reshape(1)
    for n, p in model.named_parameters():
        gold["grad." + (n if model.config.model_type != "gpt_neox" else n.replace("lm_head.", "embed_out."))] = (p.grad if p.grad is not None else torch.zeros_like(p)).clone().contiguous()
    if kind == "causal":
        with torch.no_grad():
            seq = ids[:1, :16]
            for _ in range(24):
                seq = torch.cat([seq, model(seq, use_cache=False).logits[:, -1:].argmax(-1)], dim=1)
            gold["greedy"] = seq
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    losses = []
    for _ in range(STEPS):
        opt.zero_grad(); loss, _ = result(model, inputs)
        losses.append(loss.item()); loss.backward(); opt.step()
    gold["adamw_losses"] = torch.tensor(losses)
    save(gold, path, kind, seed)

def save(gold, path, kind, seed):
    save_file({k: v.contiguous() for k, v in gold.items()}, os.path.join(path, "golden.safetensors"),
              metadata={"kind": kind, "torch": torch.__version__, "seed": str(seed)})
    losses = [f"{x:.4f}" for x in gold["adamw_losses"].tolist()] if "adamw_losses" in gold else ["none"]
    print(f"{os.path.basename(path):32s} {kind:9s} loss {losses[0]} -> {losses[-1]}", flush=True)

if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("out")
    ap.add_argument("--only")
    ap.add_argument("--seeds", default="1,2,3")
    ap.add_argument("--widths", default="16,32")
    ap.add_argument("--committed", action="store_true")
    a = ap.parse_args()
    names = a.only.split(",") if a.only else COMMITTED if a.committed else ALL
    for name in names:
        if a.committed:
            make(name, os.path.join(a.out, name), 1, 16)
        else:
            for width in map(int, a.widths.split(",")):
                for seed in map(int, a.seeds.split(",")):
                    make(name, os.path.join(a.out, f"{name}-w{width}-s{seed}"), seed, width)
