package tensorlink.testnet.bench;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.concurrent.TimeUnit;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import tensorlink.p2p.Codecs;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * What {@code p2p} does to the bytes of the wire, each beside the plain work that no implementation
 * is spared: copying as many bytes, or the cipher alone.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-Dio.netty.leakDetection.level=disabled")
public class WireBench {
    private static final String ADDRESS =
            "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    private static final int HEADER_BYTES = 12;
    private static final int TAG_BYTES = 16;
    private static final int NONCE_BYTES = 12;

    private final Codecs codecs = new Codecs();
    private final ByteString address = Multiaddr.parse(ADDRESS).bytes();
    private final SecretKeySpec key = new SecretKeySpec(new byte[32], "ChaCha20");
    private final byte[] frame = new byte[Codecs.noiseFrameBytes() + TAG_BYTES];
    private final byte[] there = new byte[1024];
    private final byte[] back = new byte[1024];
    private final Cipher cipher = cipher();
    private int negotiated;
    private long nonce;
    private int stream = 1;

    @Setup
    public void negotiate() throws ProtocolViolation {
        negotiated = codecs.negotiation();
    }

    private static Cipher cipher() {
        try {
            return Cipher.getInstance("ChaCha20-Poly1305");
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no ChaCha20-Poly1305", missing);
        }
    }

    @Benchmark
    public long yamuxHeader() throws ProtocolViolation {
        stream += 2;
        return codecs.yamuxHeader(stream, 65_536);
    }

    @Benchmark
    public byte yamuxHeaderCopied() {
        return copied(HEADER_BYTES);
    }

    @Benchmark
    public long varint() {
        stream += 2;
        return codecs.varint(stream & 0xffff);
    }

    @Benchmark
    public byte varintCopied() {
        return copied(3);
    }

    @Benchmark
    public int negotiation() throws ProtocolViolation {
        return codecs.negotiation();
    }

    @Benchmark
    public byte negotiationCopied() {
        return copied(negotiated);
    }

    @Benchmark
    public Multiaddr addressText() {
        return Multiaddr.parse(ADDRESS);
    }

    @Benchmark
    public byte[] addressTextCopied() {
        return ADDRESS.getBytes(StandardCharsets.US_ASCII);
    }

    @Benchmark
    public Multiaddr addressBytes() {
        return Multiaddr.decode(address);
    }

    @Benchmark
    public byte[] addressBytesCopied() {
        return address.toByteArray();
    }

    @Benchmark
    public int noiseFrame() {
        return codecs.noiseFrame();
    }

    /** The cipher of the JDK in place, as it is used best. */
    @Benchmark
    public int noiseFrameCipher() throws GeneralSecurityException {
        nonce++;
        int length = Codecs.noiseFrameBytes();
        cipher.init(Cipher.ENCRYPT_MODE, key, new IvParameterSpec(nonceBytes()));
        cipher.doFinal(frame, 0, length, frame, 0);
        cipher.init(Cipher.DECRYPT_MODE, key, new IvParameterSpec(nonceBytes()));
        return cipher.doFinal(frame, 0, length + TAG_BYTES, frame, 0);
    }

    private byte[] nonceBytes() {
        var bytes = new byte[NONCE_BYTES];
        for (int i = 0; i < Long.BYTES; i++) {
            bytes[i] = (byte) (nonce >>> (8 * i));
        }
        return bytes;
    }

    /** So many bytes, there and back. */
    private byte copied(int length) {
        there[0]++;
        System.arraycopy(there, 0, back, 0, length);
        System.arraycopy(back, 0, there, 0, length);
        return there[length - 1];
    }

    @TearDown
    public void close() {
        codecs.close();
    }
}
