/**
 * Text to token ids and back: a Hugging Face {@code tokenizer.json}, or plain bytes. The only
 * package that touches the tokenizer library.
 */
@NullMarked
package tensorlink.compute.tokenizer;

import org.jspecify.annotations.NullMarked;
