/**
 * Everything that nodes say to each other about jobs, as records, and their form on the wire.
 *
 * <p>The only package that sees the generated messages. Decoding checks every size and range and
 * ends in a {@link tensorlink.p2p.core.ProtocolViolation} that names the field; unknown fields are
 * ignored, unknown versions refused.
 */
@NullMarked
package tensorlink.jobs.message;

import org.jspecify.annotations.NullMarked;
