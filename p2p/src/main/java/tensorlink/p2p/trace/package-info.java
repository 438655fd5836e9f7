/**
 * Writes down what happens on a connection, when somebody wants to know.
 *
 * <p>{@code Tracer} knows who is interested, {@code ConnectionTrace} is what the layers report to;
 * while nobody is interested that is one shared object which does nothing. Lines have the shape of
 * qlog (draft-ietf-quic-qlog-main-schema), one JSON object each.
 */
@NullMarked
package tensorlink.p2p.trace;

import org.jspecify.annotations.NullMarked;
