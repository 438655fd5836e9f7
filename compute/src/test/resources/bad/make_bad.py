#!/usr/bin/env python3
"""Writes the corpus of malformed model files, each with the error it must give.

Usage: make_bad.py [OUT_DIR]

config/, safetensors/, graph/ and onnx/ hold one file per case, index/ one folder per case; expected.txt beside them
has a line "name: error" for each. {} stands for the path of the file, which starts most errors.
"""
import json, os, struct, sys

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))

def save(kind, cases, name, content, error):
    assert name not in cases, name
    cases[name] = error
    path = os.path.join(OUT, kind, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)

def finish(kind, cases):
    with open(os.path.join(OUT, kind, "expected.txt"), "w") as f:
        for name, error in cases.items():
            assert "\n" not in error
            f.write(f"{name}: {error}\n")

# ---------------------------------------------------------------- config.json
C = {}
GOOD = dict(model_type="llama", architectures=["LlamaForCausalLM"], hidden_size=32, num_hidden_layers=4,
            num_attention_heads=4, num_key_value_heads=2, intermediate_size=96, vocab_size=512)

def config(name, error, text=None, **changes):
    if text is None:
        values = dict(GOOD, **changes)
        text = json.dumps({k: v for k, v in values.items() if v != "ABSENT"})
    save("config", C, name + ".json", text if isinstance(text, bytes) else text.encode(), "{}: " + error)

def body(more):
    return json.dumps(GOOD)[:-1] + ", " + more + "}"

config("empty", "expected a JSON object, found nothing", "")
config("blank", "expected a JSON object, found nothing", " \n\t ")
config("array", "expected a JSON object, found an array", "[]")
config("string", 'expected a JSON object, found "llama"', '"llama"')
config("number", "expected a JSON object, found 7", "7")
config("null", "expected a JSON object, found null", "null")
config("truncated", "bad JSON at line 1, column 23: Unexpected end-of-input: expected close marker for Object",
       '{"model_type": "llama"')
config("two-objects", "bad JSON at line 1, column 4: Trailing token (`JsonToken.START_OBJECT`) found after value",
       "{} {}")
config("comment", "bad JSON at line 1, column 2: Unexpected character ('/' (code 47)): maybe a (non-standard) comment?", '{/* a comment */}')
config("single-quotes", "bad JSON at line 1, column 2: Unexpected character (''' (code 39)): was expecting double-quote to start property name", "{'model_type': 'llama'}")
config("trailing-comma", "bad JSON at line 1, column 24: Unexpected character ('}' (code 125)): was expecting double-quote to start property name", '{"model_type": "llama",}')
config("python-true", "bad JSON at line 1, column 215: Unrecognized token 'True': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", body('"mlp_bias": True'))
config("nan", "bad JSON at line 1, column 222: Non-standard token 'NaN'", body('"rms_norm_eps": NaN'))
config("leading-zero", "bad JSON at line 1, column 220: Invalid numeric value: Leading zeroes not allowed", body('"pad_token_id": 007'))
config("hexadecimal", "bad JSON at line 1, column 220: Unexpected character ('x' (code 120))", body('"pad_token_id": 0x10'))
config("control-character", "bad JSON at line 1, column 20: Illegal unquoted character ((CTRL-CHAR, code 1)): has to be escaped using backslash to be included in string value", b'{"model_type": "lla\x01ma"}')
config("depth-33", "bad JSON: Document nesting depth (33) exceeds the maximum allowed (32)",
       body('"x": ' + "[" * 32 + "]" * 32))
config("depth-10000", "bad JSON: Document nesting depth (33) exceeds the maximum allowed (32)", '{"x": ' + "[" * 10_000)
config("duplicate-key", 'bad JSON at line 1, column 216: Duplicate Object property "hidden_size"', body('"hidden_size": 64'))
config("duplicate-nested-key", 'bad JSON at line 1, column 254: Duplicate Object property "rope_theta"', body('"rope_parameters": {"rope_theta": 1e4, "rope_theta": 1e5}'))
config("number-of-65-digits", "bad JSON: Number value length (65) exceeds the maximum allowed (64)", body('"rope_theta": ' + "1" * 65))
config("key-of-513-characters", "bad JSON: Name length (513) exceeds the maximum allowed (512)", body('"' + "k" * 513 + '": 1'))
config("too-large", "1048577 bytes, limit 1048576", "{}" + " " * ((1 << 20) - 1))
config("byte-order-mark", "starts with a byte order mark", b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
config("utf-16", "not UTF-8", json.dumps(GOOD).encode("utf-16"))
config("utf-16-no-mark", "bad JSON at line 1, column 2: Illegal character ((CTRL-CHAR, code 0)): only regular white space (\\r, \\n, \\t) is allowed between tokens", json.dumps(GOOD).encode("utf-16-le"))
config("latin-1", "not UTF-8", b'{"model_type": "ll\xe4ma"}')
config("overlong-utf-8", "not UTF-8", b'{"model_type": "ll\xc0\xaf"}')
config("surrogate-in-utf-8", "not UTF-8", b'{"model_type": "ll\xed\xa0\x80"}')
config("no-model-type", "model_type is missing", model_type="ABSENT")
config("null-model-type", "model_type is missing", model_type=None)
config("model-type-number", "model_type: expected a string, found 3", model_type=3)
config("unknown-model-type", 'model_type: expected one of llama, mistral, qwen2, qwen3, gemma2, phi3, gpt2, gpt_neox, bert, roberta, distilbert, found "gptj"', model_type="gptj")
config("model-type-of-other-case", 'model_type: expected one of llama, mistral, qwen2, qwen3, gemma2, phi3, gpt2, gpt_neox, bert, roberta, distilbert, found "Llama"', model_type="Llama")
config("unknown-architecture", 'architectures: expected ["LlamaForCausalLM"], found an array',
       architectures=["LlamaForSequenceClassification"])
config("two-architectures", 'architectures: expected ["LlamaForCausalLM"], found an array',
       architectures=["LlamaForCausalLM", "EvilModel"])
config("architectures-string", 'architectures: expected an array of strings, found "LlamaForCausalLM"',
       architectures="LlamaForCausalLM")
config("architectures-of-numbers", "architectures: expected a string, found 1", architectures=[1])
config("auto-map", "auto_map: expected no code of the model's own, found an object",
       auto_map={"AutoModelForCausalLM": "modeling_evil.EvilModel"})
config("quantized", "quantization_config: expected weights that are not quantized, found an object",
       quantization_config={"bits": 4})
config("hidden-missing", "hidden_size is missing", hidden_size="ABSENT")
for name, value, shown in (("0", 0, "0"), ("minus-1", -1, "-1"), ("fraction", 1.5, "1.5"), ("string", "64", '"64"'),
                           ("2-to-31", 2**31, "2147483648"), ("2-to-64", 2**64, "18446744073709551616"),
                           ("float-64", 64.0, "64.0"), ("true", True, "true"), ("array", [32], "an array"),
                           ("one-past-limit", 65537, "65537")):
    config("hidden-" + name, f"hidden_size: expected an integer from 1 to 65536, found {shown}", hidden_size=value)
config("hidden-minus-0", "hidden_size: expected an integer from 1 to 65536, found 0",
       json.dumps(GOOD).replace('"hidden_size": 32', '"hidden_size": -0'))
config("layers-0", "num_hidden_layers: expected an integer from 1 to 1024, found 0", num_hidden_layers=0)
config("layers-billion", "num_hidden_layers: expected an integer from 1 to 1024, found 1000000000",
       num_hidden_layers=10**9)
config("heads-1025", "num_attention_heads: expected an integer from 1 to 1024, found 1025", num_attention_heads=1025)
config("heads-do-not-divide-hidden", "num_attention_heads: expected a divisor of hidden size 32, found 5",
       num_attention_heads=5, num_key_value_heads=5)
config("kv-heads-more-than-heads", "num_key_value_heads: expected an integer from 1 to 4, found 8",
       num_key_value_heads=8)
config("kv-heads-do-not-divide", "num_key_value_heads: expected a divisor of 4 heads, found 3", num_key_value_heads=3)
config("head-dim-odd", "head_dim: expected an even integer from 2 to 1024, found 7", head_dim=7)
config("head-dim-derived-odd", "head_dim: expected an even integer from 2 to 1024, found 1",
       num_attention_heads=32, num_key_value_heads=32)
config("head-dim-0", "head_dim: expected an integer from 2 to 1024, found 0", head_dim=0)
config("intermediate-0", "intermediate_size: expected an integer from 1 to 1048576, found 0", intermediate_size=0)
config("vocabulary-0", "vocab_size: expected an integer from 1 to 4194304, found 0", vocab_size=0)
config("vocabulary-one-past-limit", "vocab_size: expected an integer from 1 to 4194304, found 4194305",
       vocab_size=(1 << 22) + 1)
config("context-0", "max_position_embeddings: expected an integer from 1 to 16777216, found 0",
       max_position_embeddings=0)
config("epsilon-0", "rms_norm_eps: expected a number from 1.0E-30 to 0.1, found 0", rms_norm_eps=0)
config("epsilon-string", 'rms_norm_eps: expected a number from 1.0E-30 to 0.1, found "1e-6"', rms_norm_eps="1e-6")
config("theta-infinite", "rope_theta: expected a number from 1.001 to 1.0E12, found \"Infinity\"",
       body('"rope_theta": 1e999'))
config("theta-0", "rope_theta: expected a number from 1.001 to 1.0E12, found 0", rope_theta=0)
config("rope-string", 'rope_parameters: expected an object, found "default"', rope_parameters="default")
config("rope-yarn", 'rope_scaling.rope_type: expected default, linear or llama3, found "yarn"',
       rope_scaling={"rope_type": "yarn", "factor": 4.0})
config("rope-dynamic-old-key", 'rope_scaling.type: expected default, linear or llama3, found "dynamic"',
       rope_scaling={"type": "dynamic", "factor": 4.0})
config("rope-linear-without-factor", "rope_scaling.factor is missing", rope_scaling={"rope_type": "linear"})
config("rope-linear-factor-0", "rope_scaling.factor: expected a number from 1.0 to 1000000.0, found 0",
       rope_scaling={"rope_type": "linear", "factor": 0})
config("rope-llama3-without-bands", "rope_parameters.low_freq_factor is missing",
       rope_parameters={"rope_type": "llama3", "factor": 8})
config("rope-llama3-bands-equal",
       "rope_parameters.high_freq_factor: expected a number from 1.0000000000000002 to 1000000.0, found 1",
       rope_parameters={"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 1})
config("rope-partial", "rope_parameters.partial_rotary_factor: expected 1, found 0.5",
       rope_parameters={"partial_rotary_factor": 0.5})
config("partial-rotary", "partial_rotary_factor: expected 1, found 0.5", partial_rotary_factor=0.5)
config("activation", 'hidden_act: expected one of silu, swish, gelu, gelu_python, gelu_pytorch_tanh, gelu_new, gelu_fast, relu, found "mish"', hidden_act="mish")
config("dropout", "attention_dropout: expected a number from 0.0 to 1.0, found 1.5", attention_dropout=1.5)
GPT2 = dict(model_type="gpt2", n_embd=32, n_layer=2, n_head=4, n_positions=64, vocab_size=512)
def gpt2(name, error, **changes):
    config("gpt2-" + name, error, json.dumps(dict(GPT2, **changes)))
gpt2("layers-missing", "n_layer: expected an integer from 1 to 1024, found 0", n_layer=0)
gpt2("foreign-key", "hidden_size: expected the key that gpt2 has for it, found 64", hidden_size=64)
gpt2("unscaled-scores", "scale_attn_weights: expected true, found false", scale_attn_weights=False)
gpt2("scores-scaled-by-layer", "scale_attn_by_inverse_layer_idx: expected false, found true", scale_attn_by_inverse_layer_idx=True)
gpt2("cross-attention", "add_cross_attention: expected false, found true", add_cross_attention=True)
gpt2("double-heads", 'architectures: expected ["GPT2LMHeadModel"], found an array', architectures=["GPT2DoubleHeadsModel"])
gpt2("heads-do-not-divide", "n_head: expected a divisor of hidden size 32, found 5", n_head=5)
config("gemma2-bidirectional", "use_bidirectional_attention: expected false, found true", model_type="gemma2", architectures=["Gemma2ForCausalLM"], use_bidirectional_attention=True)
config("gemma2-cap-0", "attn_logit_softcapping: expected a number from 1.0E-6 to 999999.0, found 0", model_type="gemma2", architectures=["Gemma2ForCausalLM"], attn_logit_softcapping=0)
config("gemma2-query-scalar-fraction", "query_pre_attn_scalar: expected an integer from 1 to 1000000, found 14.5", model_type="gemma2", architectures=["Gemma2ForCausalLM"], query_pre_attn_scalar=14.5)
config("phi3-longrope", 'rope_scaling.type: expected default, found "longrope"', model_type="phi3", architectures=["Phi3ForCausalLM"], rope_scaling={"type": "longrope", "short_factor": [1.0], "long_factor": [1.0]})
config("phi3-su", 'rope_scaling.type: expected default, found "su"', model_type="phi3", architectures=["Phi3ForCausalLM"], rope_scaling={"type": "su"})
config("phi3-odd-part", "{}: partial_rotary_factor: expected an even number of a head's 8 dimensions, found 0.4"[4:], model_type="phi3", architectures=["Phi3ForCausalLM"], partial_rotary_factor=0.4)
BERT = dict(GOOD, model_type="bert", num_key_value_heads=4, architectures=["BertForSequenceClassification"])
def bert(name, error, **changes):
    config("bert-" + name, error, json.dumps({k: v for k, v in dict(BERT, **changes).items() if v != "ABSENT"}))
TASKS = '["BertForMaskedLM"] or ["BertForSequenceClassification"] or ["BertModel"]'
bert("decoder", "is_decoder: expected false, found true", is_decoder=True)
bert("cross-attention", "add_cross_attention: expected false, found true", add_cross_attention=True)
bert("relative-positions", 'position_embedding_type: expected absolute, found "relative_key"', position_embedding_type="relative_key")
bert("pretraining", "architectures: expected " + TASKS + ", found an array", architectures=["BertForPreTraining"])
bert("no-architecture", "architectures: expected " + TASKS + ", found nothing", architectures="ABSENT")
bert("multi-label", 'problem_type: expected single_label_classification or regression, found "multi_label_classification"', problem_type="multi_label_classification")
bert("label-missing", "id2label: expected a name for each class from 0 on, found an object", id2label={"0": "a", "2": "c"})
bert("no-labels", "id2label: expected a name for each class from 0 on, found an object", id2label={})
bert("labels-0", "num_labels: expected an integer from 1 to 65536, found 0", num_labels=0)
bert("label-number", "id2label.0: expected a string, found 7", id2label={"0": 7})
bert("segments-0", "type_vocab_size: expected an integer from 1 to 1024, found 0", type_vocab_size=0)
config("roberta-no-room-after-padding", "max_position_embeddings: expected an integer from 3 to 16777216, found 2", model_type="roberta", architectures=["RobertaModel"], max_position_embeddings=2)
DISTILBERT = dict(model_type="distilbert", architectures=["DistilBertModel"], dim=32, n_layers=2, n_heads=4, hidden_dim=64, vocab_size=512)
config("distilbert-sinusoidal", "sinusoidal_pos_embds: expected false, found true", json.dumps(dict(DISTILBERT, sinusoidal_pos_embds=True)))
config("distilbert-foreign-key", "hidden_size: expected the key that distilbert has for it, found 64", json.dumps(dict(DISTILBERT, hidden_size=64)))
config("gpt-neox-two-bases", "rope_theta: expected the same as rotary_emb_base, found 10000", model_type="gpt_neox", architectures=["GPTNeoXForCausalLM"], rope_theta=10000, rotary_emb_base=5000)
config("tied-string", 'tie_word_embeddings: expected true or false, found "true"', tie_word_embeddings="true")
config("bias-1", "attention_bias: expected true or false, found 1", attention_bias=1)
config("pad-one-past-vocabulary", "pad_token_id: expected an integer from 0 to 511, found 512", pad_token_id=512)
config("pad-minus-1", "pad_token_id: expected an integer from 0 to 511, found -1", pad_token_id=-1)
config("eos-of-strings", 'eos_token_id: expected an integer from 0 to 511, found "2"', eos_token_id=["2"])
config("initializer-range-2", "initializer_range: expected a number from 0.0 to 1.0, found 2", initializer_range=2)
config("llama-with-windows", "layer_types: expected full_attention only, found an array",
       layer_types=["sliding_attention"] * 4)
config("mistral-window-0", "sliding_window: expected an integer from 1 to 16777216, found 0",
       model_type="mistral", architectures=["MistralForCausalLM"], sliding_window=0)
config("mistral-layer-types", "layer_types: expected one sliding_window for all layers, found an array",
       model_type="mistral", architectures=["MistralForCausalLM"], layer_types=["full_attention"] * 4)
config("qwen2-too-few-layer-types", "layer_types: expected one for each of 4 layers, found an array",
       model_type="qwen2", architectures=["Qwen2ForCausalLM"], layer_types=["full_attention"])
config("qwen2-unknown-layer-type",
       "layer_types: expected full_attention and sliding_attention only, found an array",
       model_type="qwen2", architectures=["Qwen2ForCausalLM"], layer_types=["chunked_attention"] * 4)
finish("config", C)

# ---------------------------------------------------------------- one safetensors file
S = {}

def packed(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data

def tensor(begin, end, shape=None, dtype="F32", **more):
    return dict(dtype=dtype, shape=[(end - begin) // 4] if shape is None else shape, data_offsets=[begin, end], **more)

def st(name, error, content):
    save("safetensors", S, name + ".safetensors", content, "{}: " + error)

for n in range(8):
    st(f"{n}-bytes", f"{n} bytes, too short for a safetensors file", b"\x02\0\0\0\0\0\0"[:n])
for n in (0, 1):
    st(f"length-{n}", f"header of {n} bytes, expected 2 to 16777216", packed(b"{}", length=n))
st("length-one-past-limit", "header of 16777217 bytes, expected 2 to 16777216", packed(b"{}", length=(16 << 20) + 1))
st("length-2-to-63", "header of 9223372036854775808 bytes, expected 2 to 16777216", packed(b"{}", length=1 << 63))
st("length-2-to-64-minus-1", "header of 18446744073709551615 bytes, expected 2 to 16777216",
   packed(b"{}", length=(1 << 64) - 1))
st("length-one-past-file", "header of 3 bytes in a file of 10", packed(b"{}", length=3))
st("length-only", "header of 2 bytes in a file of 8", struct.pack("<Q", 2))
st("no-brace", "the header does not start with {", packed(b"[]"))
st("space-before-brace", "the header does not start with {", packed(b" {}"))
st("invalid-utf-8", "not UTF-8", packed(b'{"\xff": 1}'))
st("pickle", "header of 5088219219985302144 bytes, expected 2 to 16777216", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
st("zip", "header of 578712552184433488 bytes, expected 2 to 16777216", b"PK\x03\x04\x00\x00\x08\x08" + b"\0" * 32)
st("git-lfs-pointer", "a Git LFS pointer, not the weights: run git lfs pull",
   b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 4096\n")
st("truncated-json", "bad JSON at line 1, column 22: Unexpected end-of-input: expected close marker for Object", packed(b'{"a": {"dtype": "F32"'))
st("more-after-object", "the header goes on after its object", packed(b"{}{}"))
st("junk-after-object", "bad JSON at line 1, column 4: Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", packed(b"{} x"))
st("duplicate-tensor", 'bad JSON at line 1, column 65: Duplicate Object property "a"', packed(
    b'{"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}}', b"xx"))
st("duplicate-tensor-escaped", 'bad JSON at line 1, column 70: Duplicate Object property "a"', packed(
    b'{"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "\\u0061": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}}', b"xx"))
st("duplicate-dtype", 'bad JSON at line 1, column 30: Duplicate Object property "dtype"', packed(
    b'{"a": {"dtype": "U8", "dtype": "F32", "shape": [1], "data_offsets": [0, 1]}}', b"x"))
st("tensor-number", "a: expected an object, found an integer", packed({"a": 1}))
st("tensor-null", "a: expected an object, found null", packed({"a": None}))
st("tensor-array", "a: expected an object, found an array of integers", packed({"a": []}))
st("no-dtype", "a: no dtype", packed({"a": {"shape": [1], "data_offsets": [0, 4]}}, b"xxxx"))
st("no-shape", "a: no shape", packed({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, b"xxxx"))
st("no-offsets", "a: no data_offsets", packed({"a": {"dtype": "F32", "shape": [1]}}, b"xxxx"))
st("unknown-key", "a: unknown key compressed", packed({"a": tensor(0, 4, compressed=True)}, b"xxxx"))
st("unknown-dtype", "a.dtype: unknown type F99", packed({"a": tensor(0, 4, dtype="F99")}, b"xxxx"))
st("dtype-lower-case", "a.dtype: unknown type f32", packed({"a": tensor(0, 4, dtype="f32")}, b"xxxx"))
st("dtype-number", "a.dtype: expected a string, found an integer", packed({"a": tensor(0, 4, dtype=32)}, b"xxxx"))
st("rank-9", "a.shape: more than 8 numbers", packed({"a": tensor(0, 4, [1] * 9)}, b"xxxx"))
st("shape-number", "a.shape: expected an array of integers, found an integer", packed({"a": tensor(0, 4, 1)}, b"xxxx"))
st("shape-nested", "a.shape: expected an array of integers, found an array of integers",
   packed({"a": tensor(0, 4, [[1]])}, b"xxxx"))
st("shape-fraction", "a.shape: expected an array of integers, found a fraction",
   packed({"a": tensor(0, 4, [1.0])}, b"xxxx"))
st("shape-string", "a.shape: expected an array of integers, found a string",
   packed({"a": tensor(0, 4, ["1"])}, b"xxxx"))
st("shape-negative", "a.shape: expected integers from 0 to 2^63 - 1, found -1",
   packed({"a": tensor(0, 4, [-1])}, b"xxxx"))
st("shape-2-to-63", "a.shape: expected integers from 0 to 2^63 - 1, found 9223372036854775808",
   packed({"a": tensor(0, 4, [1 << 63])}, b"xxxx"))
st("shape-of-65-digits", "bad JSON: Number value length (65) exceeds the maximum allowed (64)", packed({"a": tensor(0, 4, [10**64])}, b"xxxx"))
st("elements-overflow", "a.shape: shape [4294967296, 4294967296] has too many elements",
   packed({"a": tensor(0, 4, [1 << 32, 1 << 32])}, b"xxxx"))
st("bytes-overflow", "a.shape: long overflow", packed({"a": tensor(0, 4, [1 << 62])}, b"xxxx"))
st("span-too-small", "a: F32 [2] needs 8 bytes, data_offsets span 4", packed({"a": tensor(0, 4, [2])}, b"xxxx"))
st("span-too-large", "a: F32 [1] needs 4 bytes, data_offsets span 8", packed({"a": tensor(0, 8, [1])}, b"x" * 8))
st("span-for-empty", "a: F32 [0] needs 0 bytes, data_offsets span 4", packed({"a": tensor(0, 4, [0])}, b"xxxx"))
st("span-for-scalar", "a: F32 [] needs 4 bytes, data_offsets span 8", packed({"a": tensor(0, 8, [])}, b"x" * 8))
st("begin-past-end", "a.data_offsets: expected [begin, end], found [4, 0]",
   packed({"a": dict(dtype="F32", shape=[0], data_offsets=[4, 0])}, b"xxxx"))
st("one-offset", "a.data_offsets: expected [begin, end], found [0]",
   packed({"a": dict(dtype="F32", shape=[0], data_offsets=[0])}))
st("three-offsets", "a.data_offsets: more than 2 numbers",
   packed({"a": dict(dtype="F32", shape=[1], data_offsets=[0, 4, 8])}, b"xxxx"))
st("offset-negative", "a.data_offsets: expected integers from 0 to 2^63 - 1, found -4",
   packed({"a": dict(dtype="F32", shape=[1], data_offsets=[-4, 0])}, b"xxxx"))
st("offset-2-to-64", "a.data_offsets: expected integers from 0 to 2^63 - 1, found 18446744073709551616",
   packed({"a": dict(dtype="F32", shape=[1], data_offsets=[0, 1 << 64])}, b"xxxx"))
st("offset-null", "a.data_offsets: expected an array of integers, found null",
   packed({"a": dict(dtype="F32", shape=[1], data_offsets=None)}, b"xxxx"))
st("unaligned", "b: F32 at the unaligned offset 1",
   packed({"a": tensor(0, 1, [1], "U8"), "b": tensor(1, 5)}, b"xxxxx"))
st("overlap", "b: overlaps the tensor before it, begins at 4 instead of 8",
   packed({"a": tensor(0, 8), "b": tensor(4, 12)}, b"x" * 12))
st("same-place", "b: overlaps the tensor before it, begins at 0 instead of 4",
   packed({"a": tensor(0, 4), "b": tensor(0, 4)}, b"xxxx"))
st("hole", "b: leaves a hole after the tensor before it, begins at 8 instead of 4",
   packed({"a": tensor(0, 4), "b": tensor(8, 12)}, b"x" * 12))
st("hole-at-start", "a: leaves a hole after the tensor before it, begins at 4 instead of 0",
   packed({"a": tensor(4, 8)}, b"x" * 8))
st("trailing-bytes", "1 bytes after the last tensor", packed({"a": tensor(0, 4)}, b"xxxxx"))
st("trailing-bytes-without-tensors", "5 bytes after the last tensor", packed({}, b"xxxxx"))
st("truncated-data", "truncated: 3 bytes of data, tensors need 4", packed({"a": tensor(0, 4)}, b"xxx"))
st("far-past-file", "truncated: 4 bytes of data, tensors need 4611686018427387904",
   packed({"a": tensor(0, 1 << 62, [1 << 60])}, b"xxxx"))
for name, tensor_name in (("empty", ""), ("path", "../../x"), ("absolute", "/etc/passwd"), ("backslash", "..\\x"),
                          ("space", "a b"), ("newline", "a\nb"), ("nul", "a\0b"), ("homoglyph", "m\u043edel")):
    shown = "".join(c if " " <= c <= "~" else "?" for c in tensor_name)
    st("name-" + name, f'tensor name "{shown}": expected printable ASCII without spaces or slashes',
       packed({tensor_name: tensor(0, 4)}, b"xxxx"))
st("name-of-513-bytes", "bad JSON: Name length (513) exceeds the maximum allowed (512)", packed({"n" * 513: tensor(0, 4)}, b"xxxx"))
st("metadata-string", "__metadata__: expected an object, found a string", packed({"__metadata__": "pt"}))
st("metadata-of-numbers", "__metadata__.version: expected a string, found an integer",
   packed({"__metadata__": {"version": 1}}))
st("metadata-nested", "__metadata__.a: expected a string, found an object", packed({"__metadata__": {"a": {"b": "c"}}}))
st("metadata-twice", 'bad JSON at line 1, column 36: Duplicate Object property "__metadata__"', packed(b'{"__metadata__": {}, "__metadata__": {}}'))
st("deep", "a: expected an object, found an array of integers", packed(b'{"a": ' + b"[" * 5_000))
finish("safetensors", S)

# ---------------------------------------------------------------- a folder with an index
I = {}
ONE = packed({"a": tensor(0, 4)}, b"xxxx")
TWO = packed({"b": tensor(0, 4)}, b"xxxx")

def index(name, error, content, **shards):
    I[name] = error
    folder = os.path.join(OUT, "index", name)
    os.makedirs(folder, exist_ok=True)
    files = {k.replace("_", "-") + ".safetensors": v for k, v in shards.items()}
    files["model.safetensors.index.json"] = content if isinstance(content, bytes) else json.dumps(content).encode()
    for file, data in files.items():
        with open(os.path.join(folder, file), "wb") as f:
            f.write(data)

INDEX = "{}/model.safetensors.index.json: "
index("empty", INDEX + "expected a JSON object, found nothing", b"")
index("array", INDEX + "expected a JSON object, found an array", [])
index("no-map", INDEX + "weight_map is missing", {"metadata": {}})
index("map-array", INDEX + "weight_map: expected an object, found an array", {"weight_map": []})
index("map-of-numbers", INDEX + "weight_map.a: expected a string, found 1", {"weight_map": {"a": 1}})
index("duplicate-tensor", INDEX + 'bad JSON at line 1, column 44: Duplicate Object property "a"', b'{"weight_map": {"a": "one.safetensors", "a": "two.safetensors"}}', one=ONE, two=TWO)
index("missing-shard", "{}/two.safetensors: there is no such file",
      {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}, one=ONE)
index("missing-tensor", INDEX + "b is not in one.safetensors",
      {"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}}, one=ONE)
index("unsaid-tensor", INDEX + "two.safetensors holds b, which is not said",
      {"weight_map": {"a": "one.safetensors", "c": "two.safetensors"}}, one=ONE, two=TWO)
index("tensor-in-two-shards", INDEX + "two.safetensors holds a, which is not said",
      {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}, one=ONE,
      two=packed({"a": tensor(0, 4), "b": tensor(4, 8)}, b"x" * 8))
index("malformed-shard", "{}/two.safetensors: 1 bytes after the last tensor",
      {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}, one=ONE, two=TWO + b"x")
for name, path in (("parent", "../one.safetensors"), ("absolute", "/etc/passwd"), ("folder", "sub/one.safetensors"),
                   ("dots", ".."), ("dot", "."), ("empty-name", ""), ("nul", "one\0.safetensors")):
    index("path-" + name, "{}: \"" + path.replace("\0", "?") + "\" is not a plain file name", {"weight_map": {"a": path}}, one=ONE)
finish("index", I)

# ---------------------------------------------------------------- graph.json
G = {}

def g_input(name="x", shape=[4], **more): return dict(name=name, shape=shape, **more)
def g_node(name="out", op="linear", inputs=["x"], **more): return dict(name=name, op=op, inputs=inputs, **more)
def g_whole(inputs=None, nodes=None, **more):
    return {**dict(format="tensorlink-graph", version=1, inputs=[g_input()] if inputs is None else inputs,
                   nodes=[g_node(features=2)] if nodes is None else nodes, loss="cross_entropy"), **more}

def graph(name, error, content):
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    save("graph", G, name + ".json", data, error if error.startswith("{}") else "{}: " + error)

def one(name, error, op="linear", shape=[4], inputs=None, **fields):
    """A graph of that node alone."""
    graph(name, error, g_whole([g_input(shape=shape)] if inputs is None else inputs, [g_node(op=op, **fields)]))

graph("empty", "expected a JSON object, found nothing", b"")
graph("array", "expected a JSON object, found an array", b"[]")
graph("not-utf-8", "not UTF-8", b'{"format":"\xff"}')
graph("bom", "starts with a byte order mark", b"\xef\xbb\xbf{}")
graph("no-format", "format is missing", {k: v for k, v in g_whole().items() if k != "format"})
graph("format", 'format: expected "tensorlink-graph", found "onnx"', g_whole(format="onnx"))
graph("version", "version: expected 1, found 2", g_whole(version=2))
graph("version-string", 'version: expected an integer from 0 to 2147483647, found "1"', g_whole(version="1"))
graph("unknown-key", 'code: expected no such field, found "import os"', g_whole(code="import os"))
graph("no-loss", "loss is missing", {k: v for k, v in g_whole().items() if k != "loss"})
graph("loss", 'loss: expected "cross_entropy" or "mean_squared_error", found "hinge"', g_whole(loss="hinge"))
graph("no-inputs", "inputs is missing", {k: v for k, v in g_whole().items() if k != "inputs"})
graph("inputs-object", "inputs: expected an array of objects, found an object", g_whole(inputs={}))
graph("inputs-empty", "0 inputs, 1 to 16", g_whole(inputs=[]))
graph("inputs-17", "inputs: 17 entries, limit 16", g_whole(inputs=[g_input(f"x{i}") for i in range(17)]))
graph("input-string", 'inputs[0]: expected an object, found "x"', g_whole(inputs=["x"]))
graph("input-no-name", "inputs[0].name is missing", g_whole(inputs=[dict(shape=[4])]))
graph("input-key", "inputs[0].dtype: expected no such field, found \"f64\"", g_whole(inputs=[g_input(dtype="f64")]))
graph("input-name", 'input "../x": not a name: [A-Za-z0-9_][A-Za-z0-9_.-]{0,63}', g_whole(inputs=[g_input("../x")]))
graph("input-twice", 'input "x": a second of that name', g_whole(inputs=[g_input(), g_input()]))
graph("input-unused", '"y" is not used', g_whole(inputs=[g_input(), g_input("y")]))
graph("shape-missing", "inputs[0].shape: expected an array of integers, found nothing", g_whole(inputs=[dict(name="x")]))
graph("shape-0", "inputs[0].shape: expected an integer from 1 to 1048576, found 0", g_whole(inputs=[g_input(shape=[4, 0])]))
graph("shape-negative", "inputs[0].shape: expected an integer from 1 to 1048576, found -1", g_whole(inputs=[g_input(shape=[-1])]))
graph("shape-long", "inputs[0].shape: expected an integer from 1 to 1048576, found 4294967296", g_whole(inputs=[g_input(shape=[2**32])]))
graph("shape-fraction", "inputs[0].shape: expected an integer from 1 to 1048576, found 1.5", g_whole(inputs=[g_input(shape=[1.5])]))
graph("shape-rank", "inputs[0].shape: expected at most 6 integers, found an array", g_whole(inputs=[g_input(shape=[1] * 7)]))
graph("shape-elements", 'input "x": shape [8193, 8192]: 67117056 numbers, limit 67108864', g_whole(inputs=[g_input(shape=[8193, 8192])]))
graph("shape-overflow", "inputs[0].shape: expected a shape with fewer elements, found an array", g_whole(inputs=[g_input(shape=[1 << 20] * 4)]))
graph("ids-0", "inputs[0].ids: expected an integer from 1 to 16777216, found 0", g_whole(inputs=[g_input(ids=0)]))
graph("ids-many", "inputs[0].ids: expected an integer from 1 to 16777216, found 16777217", g_whole(inputs=[g_input(ids=2**24 + 1)]))
graph("nodes-empty", "0 nodes, 1 to 4096", g_whole(nodes=[]))
graph("nodes-4097", "nodes: 4097 entries, limit 4096", g_whole(nodes=[{} for _ in range(4097)]))
graph("node-no-op", "nodes[0].op is missing", g_whole(nodes=[dict(name="a", inputs=["x"])]))
graph("node-no-inputs", "nodes[0].inputs: expected an array of strings, found nothing", g_whole(nodes=[dict(name="a", op="relu")]))
graph("node-op", 'nodes[0].op: expected an operator of the list in compute/README.md, found "eval"', g_whole(nodes=[g_node(op="eval")]))
graph("node-key", "nodes[0].code: expected no such field, found 1", g_whole(nodes=[g_node(features=2, code=1)]))
graph("node-twice", 'node "a": a second of that name', g_whole(nodes=[g_node("a", features=2), g_node("a", inputs=["a"], features=2)]))
graph("node-as-input", 'node "x": a second of that name', g_whole(nodes=[g_node("x", features=2)]))
graph("node-name-long", 'node "' + "a" * 60 + '...": not a name: [A-Za-z0-9_][A-Za-z0-9_.-]{0,63}', g_whole(nodes=[g_node("a" * 65, features=2)]))
graph("node-loop", 'node "a": input "b" is no node before it',
      g_whole(nodes=[g_node("a", inputs=["b"], features=2), g_node("b", inputs=["a"], features=2)]))
graph("node-self", 'node "out": input "out" is no node before it', g_whole(nodes=[g_node(inputs=["out"], features=2)]))
graph("node-unused", '"a" is not used', g_whole(nodes=[g_node("a", features=2), g_node(features=2)]))
graph("nothing-learned", 'node "out": nothing before it is learned', g_whole(nodes=[g_node(op="relu")]))
graph("two-operands", 'node "out": 2 inputs, expected 1', g_whole([g_input(), g_input("y")], [g_node(inputs=["x", "y"], features=2)]))
graph("add-one", 'node "out": 1 inputs, expected 2', g_whole(nodes=[g_node(op="add")]))
graph("add-shapes", 'node "out": shapes [4] and [5] differ',
      g_whole([g_input(), g_input("y", [5])], [g_node(op="add", inputs=["x", "y"])]))
graph("attention-operands", 'node "out": 2 inputs, expected 3 to 4', g_whole(nodes=[g_node(op="attention", inputs=["x", "x"], heads=1)]))
one("linear-no-features", "nodes[0].features is missing")
one("linear-features-0", "nodes[0].features: expected an integer from 1 to 2147483647, found 0", features=0)
one("linear-features-many", 'node "out": features 1048577, 1 to 1048576', features=(1 << 20) + 1)
one("linear-bias", 'nodes[0].bias: expected true or false, found "yes"', features=2, bias="yes")
one("linear-scalar", 'node "out": shape [], expected 1 to 6 axes', shape=[], features=2)
one("linear-ids", 'node "out": operand 0 is ids, not numbers', inputs=[g_input(ids=9)], features=2)
one("linear-large", 'node "out": weight [1048576, 1048576]: 1099511627776 numbers, limit 2147483648', shape=[1 << 20], features=1 << 20)
one("conv-rank", 'node "out": shape [4], expected 3 axes', op="conv2d", channels=2, kernel=3)
one("conv-kernel", 'node "out": kernel [5, 5] of shape [1, 4, 4]', op="conv2d", shape=[1, 4, 4], channels=2, kernel=5)
one("conv-no-kernel", "nodes[0].kernel: expected one or two integers, found nothing", op="conv2d", shape=[1, 4, 4], channels=2)
one("conv-kernel-3", "nodes[0].kernel: expected one or two integers, found an array", op="conv2d", shape=[1, 4, 4], channels=2, kernel=[1, 1, 1])
one("conv-stride-0", "nodes[0].stride: expected an integer from 1 to 1024, found 0", op="conv2d", shape=[1, 4, 4], channels=2, kernel=1, stride=0)
one("conv-padding", "nodes[0].padding: expected an integer from 0 to 1024, found -1", op="conv2d", shape=[1, 4, 4], channels=2, kernel=1, padding=-1)
one("conv-channels", 'node "out": channels 1048577, 1 to 1048576', op="conv2d", shape=[1, 4, 4], channels=(1 << 20) + 1, kernel=1)
one("conv-large", 'node "out": result [1048576, 64, 64]: 4294967296 numbers, limit 67108864', op="conv2d", shape=[1, 64, 64], channels=1 << 20, kernel=1)
one("pool-padding", 'node "out": padding [2, 2], at most half of kernel [2, 2]', op="max_pool2d", shape=[1, 4, 4], kernel=2, padding=2)
one("pool-kernel", "nodes[0].kernel: expected an integer from 1 to 1024, found 1025", op="mean_pool2d", shape=[1, 4, 4], kernel=1025)
one("norm-epsilon", "nodes[0].epsilon: expected a number from 1.0E-12 to 1.0, found 0", op="layer_norm", epsilon=0)
one("batch-norm-epsilon", "nodes[0].epsilon: expected a number from 1.0E-12 to 1.0, found 2", op="batch_norm", epsilon=2)
one("batch-norm-momentum", "nodes[0].momentum: expected a number from 0.0 to 1.0, found -0.1", op="batch_norm", momentum=-0.1)
one("batch-norm-scalar", 'node "out": shape [], expected 1 to 6 axes', op="batch_norm", inputs=[g_input(shape=[])])
one("batch-norm-ids", 'node "out": operand 0 is ids, not numbers', op="batch_norm", inputs=[g_input(ids=9)])
def shares(name, error, *nodes):
    graph(name, 'node "out": shares ' + error, g_whole(nodes=list(nodes)))
shares("shares-itself", '"out", which is no node before it', g_node(features=2, shares="out"))
shares("shares-input", '"x", which is no node before it', g_node(features=2, shares="x"))
shares("shares-nothing", '"a", which has nothing for it', g_node("a", "relu"), g_node(inputs=["a"], features=4, shares="a"))
shares("shares-shape", 'weight [3, 4] of "a", needs [2, 3]', g_node("a", features=3), g_node(inputs=["a"], features=2, shares="a"))
shares("shares-third", '"b", which itself has the tensors of another', g_node("a", features=4),
       g_node("b", inputs=["a"], features=4, shares="a"), g_node(inputs=["b"], features=4, shares="b"))
shares("shares-statistics", 'running_mean [4] of "a", needs statistics of its own',
       g_node("a", "batch_norm"), g_node(op="batch_norm", inputs=["a"], shares="a"))
graph("shares-number", "nodes[0].shares: expected a string, found 1", g_whole(nodes=[g_node(features=2, shares=1)]))
one("scale-infinite", "nodes[0].factor: expected a number from -1.0E9 to 1.0E9, found 1.0E10", op="scale", factor=1e10)
graph("reshape-elements", 'node "out": shape [3] of [4], which has 4 numbers', g_whole(nodes=[dict(g_node(op="reshape"), shape=[3])]))
one("transpose-twice", 'node "out": axes [0, 0], each axis once', op="transpose", shape=[2, 2], axes=[0, 0])
one("transpose-rank", 'node "out": axes [0] of shape [2, 2]', op="transpose", shape=[2, 2], axes=[0])
one("mean-axis", 'node "out": axes [1] of shape [4]', op="mean", axes=[1])
one("mean-none", 'node "out": axes [], at least one, ascending', op="mean", axes=[])
one("select-index", 'node "out": index 4 of shape [4]', op="select", index=4)
graph("concat-shapes", 'node "out": shapes [2, 3] and [2, 4] do not fit along axis 0',
      g_whole([g_input("a", [2, 3]), g_input("b", [2, 4])], [g_node(op="concat", inputs=["a", "b"], axis=0)]))
graph("concat-axis", 'node "out": axis 1 of shape [4]', g_whole(nodes=[g_node(op="concat", inputs=["x", "x"], axis=1)]))
one("embedding-numbers", 'node "out": operand 0 is numbers, not ids', op="embedding", width=4)
one("embedding-large", 'node "out": result [4096, 65536]: 268435456 numbers, limit 67108864', op="embedding", inputs=[g_input(shape=[4096], ids=9)], width=1 << 16)
one("positions-rank", 'node "out": shape [4], expected 2 axes', op="positions")
one("mask-padding", "nodes[0].padding: expected an integer from 0 to 16777216, found -1", op="token_mask", inputs=[g_input(ids=9)], padding=-1)
def attention(name, error, q, k, v, **more):
    graph(name, error, g_whole([g_input("q", q), g_input("k", k), g_input("v", v)],
                               [g_node(op="attention", inputs=["q", "k", "v"], **more)]))
attention("attention-heads", 'node "out": 3 heads of shape [2, 4]', [2, 4], [2, 4], [2, 4], heads=3)
attention("attention-heads-0", "nodes[0].heads: expected an integer from 1 to 2147483647, found 0", [2, 4], [2, 4], [2, 4], heads=0)
attention("attention-width", 'node "out": queries [2, 4], keys [2, 6], values [2, 4] do not fit', [2, 4], [2, 6], [2, 4], heads=2)
attention("attention-causal", 'node "out": causal with 2 queries and 3 keys', [2, 4], [3, 4], [3, 4], heads=2, causal=True)
graph("classes", 'node "out": shape [] has no classes for cross_entropy',
      g_whole(nodes=[g_node("a", features=2), g_node(op="mean", inputs=["a"], axes=[0])]))
graph("duplicate", "bad JSON at line 1, column 38: Duplicate Object property \"format\"",
      b'{"format":"tensorlink-graph","format":"x"}')
graph("deep", "bad JSON: Document nesting depth (33) exceeds the maximum allowed (32)", b"[" * 100)
finish("graph", G)

# ---------------------------------------------------------------- ONNX files
O = {}
def varint(n):
    out = b""
    n &= (1 << 64) - 1
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])
def pb(number, value):
    """A field of a protobuf message: bytes or text by length, else an integer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value
def onnx(name, error, *parts):
    save("onnx", O, name + ".onnx", b"".join(parts), "{}: " + error)
def o_graph(*fields):
    return pb(7, b"".join(fields))
def o_node(op, inputs=("a",), outputs=("b",), name="", domain="", attributes=()):
    return pb(1, b"".join([pb(1, i) for i in inputs] + [pb(2, o) for o in outputs] + [pb(3, name), pb(4, op)]
                          + [pb(5, a) for a in attributes] + [pb(7, domain)]))
def o_tensor(dims=(2,), kind=1, name="w", data=None, field=9, more=b""):
    return b"".join([pb(1, d) for d in dims] + [pb(2, kind), pb(8, name)] + ([] if data is None else [pb(field, data)])
                    + [more])
def o_weights(*tensors):
    return o_graph(*[pb(5, t) for t in tensors])
W = 'graph.initializer "w"'
OPERATORS = ("Add, Cast, Concat, Constant, ConstantOfShape, Div, Equal, Erf, Expand, Gather, Gelu, Gemm, Identity, "
             "LayerNormalization, MatMul, Mul, Pow, ReduceMean, Relu, Reshape, Shape, Slice, Softmax, Split, Sqrt, "
             "Squeeze, Sub, Tanh, Transpose, Unsqueeze, Where")
NO_LAYERS = ("graph.initializer: 0 layers named as encoder.layer.0.attention.self.query.weight, expected 1 to 1024; only "
             "encoders of BERT's kind are read")
TRUNCATED = ("not a protobuf message: While parsing a protocol message, the input ended unexpectedly in the middle of a "
             "field.  This could mean either that the input has been truncated or that an embedded message misreported "
             "its own length.")

onnx("empty", "graph: missing", b"")
onnx("html", "model: not a protobuf message: Protocol message end-group tag did not match expected tag.", b"<html>")
onnx("only-a-version", "graph: missing", pb(1, 8))
onnx("cut", "model: " + TRUNCATED, b"\x3a\x7f\x00")
onnx("cut-length", "model: " + TRUNCATED, b"\x3a")
onnx("cut-graph", "graph: " + TRUNCATED, pb(7, b"\x0a\x7f"))
onnx("cut-node", "graph.node[0]: " + TRUNCATED, o_graph(pb(1, b"\x0a\x7f")))
onnx("cut-tensor", "graph.initializer[0]: " + TRUNCATED, o_graph(pb(5, b"\x42\x7f")))
onnx("endless-varint", "model: not a protobuf message: CodedInputStream encountered a malformed varint.", b"\x3a" + b"\x80" * 11)
onnx("field-0", "model: not a protobuf message: Protocol message contained an invalid tag (zero).", b"\x02\x00")
onnx("wire-type-7", "model: not a protobuf message: Protocol message tag had invalid wire type.", b"\x3f")
onnx("two-graphs", "graph: expected one, found a second", o_graph(), o_graph())
onnx("functions", "functions: expected none", o_graph(), pb(25, b""))
onnx("sparse", "graph.sparse_initializer: expected none", o_graph(pb(15, b"")))
onnx("no-layers", NO_LAYERS, o_graph())
onnx("other-weights", NO_LAYERS, o_weights(o_tensor(data=bytes(8))))
onnx("quantized", f'graph.node "b".op_type: expected one of {OPERATORS}, found "MatMulInteger"', o_graph(o_node("MatMulInteger")))
onnx("operator-none", f'graph.node "b".op_type: expected one of {OPERATORS}, found ""', o_graph(o_node("")))
onnx("operator-control", f'graph.node "b".op_type: expected one of {OPERATORS}, found "Re?lu"', o_graph(o_node("Re\x1blu")))
onnx("other-domain", f'graph.node "n".op_type: expected one of {OPERATORS}, found "com.microsoft.Gelu"',
     o_graph(o_node("Gelu", name="n", domain="com.microsoft")))
onnx("loop", f'graph.node "b".op_type: expected one of {OPERATORS}, found "Loop"', o_graph(o_node("Loop")))
onnx("no-output", 'graph.node "".output: expected one at least', o_graph(o_node("Relu", outputs=())))
onnx("made-twice", 'graph.node "b".output: "b" is made twice, or used before it is made',
     o_graph(o_node("Relu"), o_node("Relu")))
onnx("made-of-itself-later", 'graph.node "a".output: "a" is made twice, or used before it is made',
     o_graph(o_node("Relu"), o_node("Relu", inputs=("b",), outputs=("a",))))
onnx("makes-a-weight", 'graph.node "w".output: "w" is made twice, or used before it is made',
     o_graph(pb(5, o_tensor(data=bytes(8))), o_node("Relu", outputs=("w",))))
onnx("name-empty", "graph.initializer[0].name: empty", o_weights(o_tensor(name="", data=bytes(8))))
onnx("name-twice", W + ": there are two", o_weights(o_tensor(data=bytes(8)), o_tensor(data=bytes(8))))
onnx("data-none", W + ".float_data: 0 bytes, expected 8 for F32 [2]", o_weights(o_tensor()))
onnx("data-short", W + ".raw_data: 8 bytes, expected 12 for F32 [3]", o_weights(o_tensor((3,), data=bytes(8))))
onnx("data-long", W + ".raw_data: 12 bytes, expected 8 for F32 [2]", o_weights(o_tensor(data=bytes(12))))
onnx("data-outside", W + ".data_location: expected inside the file, found outside",
     o_weights(o_tensor(more=pb(14, 1))))
onnx("data-elsewhere", W + ".data_location: expected inside the file, found outside",
     o_weights(o_tensor(more=pb(13, pb(1, "location") + pb(2, "../../secret")))))
onnx("dims-negative", W + ".dims: [-1], expected lengths whose product is at most 2^63 bytes",
     o_weights(o_tensor((-1,), data=bytes(8))))
onnx("dims-overflow", W + ".dims: [4611686018427387904], expected lengths whose product is at most 2^63 bytes",
     o_weights(o_tensor((1 << 62,), data=bytes(8))))
onnx("dims-product", W + ".dims: [4294967296, 4294967296], expected lengths whose product is at most 2^63 bytes",
     o_weights(o_tensor((1 << 32, 1 << 32), data=bytes(8))))
onnx("dims-9", W + ".dims: 9 axes, limit 8", o_weights(o_tensor((1,) * 9, data=bytes(4))))
onnx("type-0", W + ".data_type: expected float, float16, bfloat16, double, bool or a signed integer or byte, found 0",
     o_weights(o_tensor(kind=0, data=bytes(8))))
onnx("type-string", W + ".data_type: expected float, float16, bfloat16, double, bool or a signed integer or byte, found 8",
     o_weights(o_tensor(kind=8, data=bytes(8))))
onnx("type-99", W + ".data_type: expected float, float16, bfloat16, double, bool or a signed integer or byte, found 99",
     o_weights(o_tensor(kind=99, data=bytes(8))))
onnx("longs-promised", W + ".int64_data: 1 bytes, expected 1152921504606846975 values",
     o_weights(o_tensor(((1 << 60) - 1,), kind=7, data=bytes(1), field=7)))
onnx("longs-more", W + ".int64_data: more than 1 values", o_weights(o_tensor((1,), kind=7, data=bytes(2), field=7)))
onnx("header-long", "graph.initializer[0]: 5009 bytes besides its data, limit 4096",
     o_weights(o_tensor(name="a" * 5000, data=bytes(8))))
finish("onnx", O)
print(f"{len(C)} configs, {len(S)} safetensors, {len(I)} indexes, {len(G)} graphs, {len(O)} ONNX files: "
      f"{len(C) + len(S) + len(I) + len(G) + len(O)} in all")
