/**
 * What models learn from: examples read from files of text, of classified texts (JSONL) and of
 * images (IDX), cut into a part to learn from and a part to judge by, in an order that anyone can
 * repeat.
 *
 * <p>Start reading at {@link tensorlink.jobs.data.Examples}. Files are taken for hostile: each
 * reader knows how much it will hold before it holds it, and a {@link
 * tensorlink.jobs.data.DataFormatException} names file, line, field and limit.
 */
@NullMarked
package tensorlink.jobs.data;

import org.jspecify.annotations.NullMarked;
