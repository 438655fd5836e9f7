package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.PeerId;

class KeyTest {
    private static final long SEED = 7;

    private final Random random = new Random(SEED);

    @Test
    void distance_is_the_exclusive_or_of_the_hashes_as_a_number() throws NoSuchAlgorithmException {
        for (int i = 0; i < 1_000; i++) {
            var target = key();
            var left = key();
            var right = key();

            int order = target.byDistance().compare(left, right);

            int expected = distance(target, left).compareTo(distance(target, right));
            assertThat(order).as("seed %d, case %d", SEED, i).isEqualTo(expected);
        }
    }

    @Test
    void common_prefix_counts_the_leading_bits_that_are_equal() throws NoSuchAlgorithmException {
        for (int i = 0; i < 1_000; i++) {
            var left = key();
            var right = key();

            int prefix = left.commonPrefix(right);

            assertThat(prefix)
                    .as("seed %d, case %d", SEED, i)
                    .isEqualTo(256 - distance(left, right).bitLength());
        }
        var key = key();
        assertThat(key.commonPrefix(key)).isEqualTo(Key.BITS);
    }

    @Test
    void a_random_key_shares_exactly_the_prefix_asked_for_and_could_be_a_peer() {
        var own = key();

        for (int prefix = 0; prefix < 10; prefix++) {
            var drawn = own.random(prefix, random);

            assertThat(own.commonPrefix(drawn)).as("seed %d", SEED).isEqualTo(prefix);
            assertThat(Key.of(new PeerId(drawn.bytes()))).isEqualTo(drawn);
        }
    }

    @Test
    void a_name_becomes_the_multihash_of_its_bytes() {
        var key = Key.named("/tensorlink/local/role/worker");

        // printf %s /tensorlink/local/role/worker | sha256sum
        assertThat(HexFormat.of().formatHex(key.bytes().toByteArray()))
                .isEqualTo(
                        "1220"
                                + "7fdf7224c2c1452da86e4926a20129f2"
                                + "afa4f537daa49abaa95c7d5da5cc78f4");
        assertThat(key).isEqualTo(Key.named("/tensorlink/local/role/worker"));
        assertThat(key).isNotEqualTo(Key.named("/tensorlink/local/role/validator"));
    }

    @Test
    void keys_differ_in_the_bits_of_their_distance() throws NoSuchAlgorithmException {
        var left = key();
        var right = key();
        var distance = distance(left, right);

        for (int bit = 0; bit < Key.BITS; bit++) {
            assertThat(left.differs(right, bit))
                    .as("bit %s", bit)
                    .isEqualTo(distance.testBit(Key.BITS - 1 - bit));
        }
    }

    @Test
    void refuses_empty_and_endless_keys() {
        assertThat(Key.of(bytes(Key.BYTES_MAX)).bytes().size()).isEqualTo(Key.BYTES_MAX);

        assertThatThrownBy(() -> Key.of(ByteString.EMPTY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("key of 0 bytes, expected 1 to 256");
        assertThatThrownBy(() -> Key.of(bytes(Key.BYTES_MAX + 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("key of 257 bytes, expected 1 to 256");
    }

    private Key key() {
        return Key.of(bytes(36));
    }

    private ByteString bytes(int count) {
        var bytes = new byte[count];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }

    private static BigInteger distance(Key left, Key right) throws NoSuchAlgorithmException {
        return place(left).xor(place(right));
    }

    private static BigInteger place(Key key) throws NoSuchAlgorithmException {
        var hash = MessageDigest.getInstance("SHA-256");
        return new BigInteger(1, hash.digest(key.bytes().toByteArray()));
    }
}
