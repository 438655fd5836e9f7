package tensorlink.jobs.message;

import tensorlink.compute.tensor.TensorCodec;
import tensorlink.jobs.wire.TensorCoding;
import tensorlink.p2p.core.ProtocolViolation;

/** Tensor codecs in the form in which they travel. */
final class Codings {
    private Codings() {}

    static TensorCoding encode(TensorCodec codec) {
        return switch (codec) {
            case EXACT -> TensorCoding.EXACT;
            case LOSSLESS -> TensorCoding.LOSSLESS;
            case BF16 -> TensorCoding.BF16;
            case INT8 -> TensorCoding.INT8;
        };
    }

    /** Refuses one that is not known here, which a newer node may ask for. */
    static TensorCodec decode(TensorCoding coding) throws ProtocolViolation {
        return switch (coding) {
            case EXACT -> TensorCodec.EXACT;
            case LOSSLESS -> TensorCodec.LOSSLESS;
            case BF16 -> TensorCodec.BF16;
            case INT8 -> TensorCodec.INT8;
            case UNRECOGNIZED -> throw Fields.unset("coding");
        };
    }
}
