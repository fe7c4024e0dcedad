//! Operators of ONNX Runtime's own that are given away.

/// That of the operators which ONNX Runtime adds.
pub(super) const RUNTIME: &str = "com.microsoft";
/// Those of them that are given to it: by most others a tensor without values, or a number that does not fit, ends
/// the process.
pub(super) const OF_RUNTIME: [&str; 9] = [
    "BiasGelu",
    "FastGelu",
    "FusedConv",
    "FusedGemm",
    "FusedMatMul",
    "Gelu",
    "MatMulNBits",
    "QuickGelu",
    "Trilu",
];
