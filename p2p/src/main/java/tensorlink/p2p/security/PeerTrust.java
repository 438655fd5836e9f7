package tensorlink.p2p.security;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.Socket;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bouncycastle.crypto.digests.SHA256Digest;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PublicKey;

/**
 * Judges the certificates of peers inside TLS handshakes, so that a bad one is answered by TLS's
 * own alert. Whose certificate it was is read from each connection's session, and a session is only
 * ever resumed with the certificate that was judged when it began.
 *
 * <p>A peer shows the same certificate on all its connections. The signatures of the last {@value
 * #PROVEN_MAX} that were good are not checked again, for that costs more than the rest of a
 * handshake; that the peer has the certificate's key, TLS finds out each time.
 */
public final class PeerTrust extends X509ExtendedTrustManager {
    static final int PROVEN_MAX = 256;

    private static final int CAUSES_MAX = 10;

    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();

    /** Digests of certificates whose signatures are good, the last one seen at the end. */
    private final SequencedSet<ByteString> proven = new LinkedHashSet<>();

    public PeerTrust(InstantSource clock) {
        this.clock = clock;
    }

    /** Whom the certificate of a finished handshake proved. */
    public static PublicKey identity(SSLSession session) throws ProtocolViolation {
        try {
            return only(session.getPeerCertificates()).identity();
        } catch (SSLPeerUnverifiedException none) {
            throw new ProtocolViolation("TLS without a certificate of the other side", none);
        } catch (CertificateException unreadable) {
            throw new ProtocolViolation("TLS certificate cannot be read", unreadable);
        }
    }

    /**
     * Why a handshake failed: our own verdict, when there is one among the causes, else what TLS
     * says.
     */
    static Throwable reason(Throwable failure) {
        Throwable cause = failure;
        Throwable said = failure;
        for (int i = 0; i < CAUSES_MAX && cause != null; i++) {
            if (cause instanceof ProtocolViolation violation) {
                return violation;
            }
            if (cause instanceof IOException) {
                said = cause;
            }
            cause = cause.getCause();
        }
        return said;
    }

    private static PeerCertificate only(Certificate[] chain)
            throws ProtocolViolation, CertificateException {
        if (chain.length != 1) {
            throw new ProtocolViolation("TLS with " + chain.length + " certificates instead of 1");
        }
        return PeerCertificate.parse(ByteString.copyFrom(chain[0].getEncoded()));
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        try {
            var certificate = only(chain);
            certificate.requireCurrent(clock.instant());
            var digest = digest(chain[0].getEncoded());
            if (!isProven(digest)) {
                certificate.requireProof();
                remember(digest);
            }
        } catch (ProtocolViolation violation) {
            throw new CertificateException(violation.getMessage(), violation);
        }
    }

    private static ByteString digest(byte[] certificate) {
        var hash = new SHA256Digest();
        hash.update(certificate, 0, certificate.length);
        var digest = new byte[hash.getDigestSize()];
        hash.doFinal(digest, 0);
        return ByteString.copyFrom(digest);
    }

    private boolean isProven(ByteString digest) {
        lock.lock();
        try {
            boolean isKnown = proven.remove(digest);
            if (isKnown) {
                proven.addLast(digest);
            }
            return isKnown;
        } finally {
            lock.unlock();
        }
    }

    private void remember(ByteString digest) {
        lock.lock();
        try {
            proven.addLast(digest);
            if (proven.size() > PROVEN_MAX) {
                proven.removeFirst();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        check(chain);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
