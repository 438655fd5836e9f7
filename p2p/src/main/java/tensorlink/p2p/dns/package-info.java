/**
 * Finding the addresses behind a {@code /dnsaddr} name.
 *
 * <p>{@code DnsAddr} follows the TXT records of {@code _dnsaddr.<name>} within bounds and believes
 * only what names the peer that is asked for; {@code TxtLookup} asks the name servers, by default
 * through the DNS client of the JDK.
 */
@NullMarked
package tensorlink.p2p.dns;

import org.jspecify.annotations.NullMarked;
