/**
 * The files of a model: JSON and safetensors, read as if a stranger had written them.
 *
 * <p>Every count and size is checked against a limit before anything is allocated for it; what is
 * wrong becomes a {@link tensorlink.compute.format.ModelFormatException} that names file, key,
 * value and limit. Nothing here runs code, follows a path out of the folder, or maps a file that
 * could shrink.
 */
@NullMarked
package tensorlink.compute.format;

import org.jspecify.annotations.NullMarked;
