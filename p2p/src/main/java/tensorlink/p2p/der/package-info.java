/**
 * The small part of ASN.1's distinguished encoding that keys, signatures and certificates need.
 *
 * <p>Strict: definite, minimal lengths; every step checks what is left before it takes. Bytes are
 * shared with the input and never copied.
 */
@NullMarked
package tensorlink.p2p.der;

import org.jspecify.annotations.NullMarked;
