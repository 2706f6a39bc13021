// Written by scripts/kernels.ts.

/**
 * What element types ONNX Runtime's CPU kernels take, a line an operator of ai.onnx: its versions by the operator set
 * that they hold from, each with its kernels. `i0` is the first input, `o0` the first output; `any` takes whatever the
 * operator does, `none` says that there is no kernel. An operator that is not here has a kernel for everything, or is
 * defined by other operators.
 */
export const cpuKernels = `
Abs | 1 none | 6 i0:float32,float64,int8,int16,int32,int64,uint8,uint16,uint32,uint64
Acos | 7 i0:float32
Acosh | 9 i0:float32
Add | 1 none | 7 i0:float32,float64,int32,int64,uint32,uint64 | 14 i0:float32,float64,int8,int16,int32,int64,uint8,uint16,uint32,uint64
And | 1 none | 7 any
ArgMax | 1 i0:float32,float64,int8,uint8,int32,int64
ArgMin | 1 i0:float32,float64,int8,uint8,int32,int64 | 13 i0:float32,float64,int32,int64,int8,uint8
Asin | 7 i0:float32
Asinh | 9 i0:float32
Atan | 7 i0:float32
Atanh | 9 i0:float32
AveragePool | 1 none | 7 i0:float32
BatchNormalization | 1 none | 7 i0:float32,float64 | 14 i0:float32;i3:float32 i0:float64;i3:float64 | 15 i0:float32;i1:float32;i3:float32 i0:float64;i1:float64;i3:float64
BitCast | 26 i0:bfloat16,float64,float32,float16,int16,int32,int64,int8,uint16,uint32,uint64,uint8;o0:bfloat16,float64,float32,float16,int16,int32,int64,int8,uint16,uint32,uint64,uint8
BitShift | 11 i0:uint8,uint32,uint64
BitwiseAnd | 18 i0:int8,int16,int32,int64,uint8,uint16,uint32,uint64
BitwiseNot | 18 i0:int8,int16,int32,int64,uint8,uint16,uint32,uint64
BitwiseOr | 18 i0:int8,int16,int32,int64,uint8,uint16,uint32,uint64
BitwiseXor | 18 i0:int8,int16,int32,int64,uint8,uint16,uint32,uint64
Cast | 1 none | 6 any | 23 i0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int2,int32,int4,int64,int8,string,uint16,uint2,uint32,uint4,uint64,uint8;o0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int2,int32,int4,int64,int8,string,uint16,uint2,uint32,uint4,uint64,uint8 | 24 i0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,float8e8m0,int16,int2,int32,int4,int64,int8,string,uint16,uint2,uint32,uint4,uint64,uint8;o0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,float8e8m0,int16,int2,int32,int4,int64,int8,string,uint16,uint2,uint32,uint4,uint64,uint8
Ceil | 1 none | 6 i0:float32,float64
Clip | 1 none | 6 i0:float32 | 12 i0:float64,float32,float16,int32,int64,int8,uint32,uint64,uint8 | 13 any
Col2Im | 18 i0:float32
Compress | 9 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Concat | 1 none | 4 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
ConstantOfShape | 9 any | 21 o0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int32,int64,int8,uint16,uint32,uint64,uint8
Conv | 1 i0:float32
ConvTranspose | 1 i0:float32
Cos | 7 i0:float32,float64
Cosh | 9 i0:float32
CumProd | 26 i0:float32,float64,int32,int64,uint32,uint64
CumSum | 11 i0:float32,float64,int32,int64
DFT | 17 i0:float64,float32
DeformConv | 19 i0:float32,float64
DepthToSpace | 1 i0:float64,float32 | 11 i0:float64,float32,int8,uint8
DequantizeLinear | 10 i0:uint8,int8,int32 | 19 i0:uint8;i1:float32,float16 i0:int8;i1:float32,float16 i0:int32;i1:float32,float16 i0:float8e4m3fn;i1:float32,float16 i0:float8e4m3fnuz;i1:float32,float16 i0:float8e5m2;i1:float32,float16 i0:float8e5m2fnuz;i1:float32,float16 | 21 i0:uint8;i1:float32,float16 i0:int8;i1:float32,float16 i0:uint16;i1:float32,float16 i0:int16;i1:float32,float16 i0:int32;i1:float32,float16 i0:int4;i1:float32,float16 i0:uint4;i1:float32,float16 i0:float8e4m3fn;i1:float32,float16 i0:float8e4m3fnuz;i1:float32,float16 i0:float8e5m2;i1:float32,float16 i0:float8e5m2fnuz;i1:float32,float16 | 25 i0:uint8;i1:float32,float16 i0:int8;i1:float32,float16 i0:uint16;i1:float32,float16 i0:int16;i1:float32,float16 i0:int32;i1:float32,float16 i0:int4;i1:float32,float16 i0:uint4;i1:float32,float16 i0:int2;i1:float32,float16 i0:uint2;i1:float32,float16 i0:float8e4m3fn;i1:float32,float16 i0:float8e4m3fnuz;i1:float32,float16 i0:float8e5m2;i1:float32,float16 i0:float8e5m2fnuz;i1:float32,float16
Det | 11 i0:float32
Div | 1 none | 7 i0:float32,float64,int32,int64,uint32,uint64 | 14 i0:float32,float64,int8,int16,int32,int64,uint8,uint16,uint32,uint64
Dropout | 1 none | 7 any | 12 i0:float32;i1:float32 i0:float32;i1:float64 i0:float64;i1:float32 i0:float64;i1:float64
Einsum | 12 i0:float64,float32,int32,int64
Elu | 1 none | 6 i0:float32 | 18 any
Equal | 1 none | 7 i0:bool,int32,int64,float32,float64 | 11 i0:bool,int8,int16,int32,int64,uint8,uint16,uint32,uint64,float32,float64 | 19 i0:bool,int8,int16,int32,int64,uint8,uint16,uint32,uint64,float32,float64,string
Erf | 9 i0:float32
Exp | 1 none | 6 i0:float32,float64
Expand | 8 i0:float32,float64,int8,int16,int32,int64,uint8,uint16,uint32,uint64,bool,float16,string
EyeLike | 9 i0:float64,float32,int32,int64,uint64;o0:float64,float32,int32,int64,uint64
Flatten | 1 any | 9 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Floor | 1 none | 6 i0:float32,float64
GRU | 1 none | 7 i0:float64,float32
Gather | 1 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
GatherElements | 11 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
GatherND | 11 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Gemm | 1 none | 7 i0:float32,float64
GlobalAveragePool | 1 i0:float32
GlobalLpPool | 1 none | 2 i0:float32 | 22 none
GlobalMaxPool | 1 i0:float32
Greater | 1 none | 7 i0:float32,float64 | 9 i0:float32,float64,int8,int16,int32,int64,uint8,uint16,uint32,uint64
GridSample | 16 i0:float32;i1:float32 | 20 i0:float32;i1:float32 i0:float64;i1:float64
HardSigmoid | 1 none | 6 i0:float32 | 18 any
Hardmax | 1 i0:float32
Identity | 1 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8 | 19 i0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
If | 1 o0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8 | 19 o0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
ImageDecoder | 20 none
InstanceNormalization | 1 none | 6 i0:float32
IsNaN | 9 i0:float32,float64,float16 | 20 i0:float32,float64,float16,bfloat16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz
LRN | 1 i0:float32
LSTM | 1 none | 7 i0:float64,float32
LeakyRelu | 1 none | 6 i0:float32 | 16 any
Less | 1 none | 7 i0:float32,float64 | 9 i0:float32,float64,int8,int16,int32,int64,uint8,uint16,uint32,uint64
Log | 1 none | 6 i0:float32,float64
LogSoftmax | 1 i0:float32,float64 | 13 any
Loop | 1 i2:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8 | 19 i2:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
LpNormalization | 1 i0:float32,float64
LpPool | 1 none | 2 i0:float32
MatMul | 1 i0:float32,float64 | 9 i0:float32,float64,int32,uint32,int64,uint64
MatMulInteger | 10 i0:uint8,int8
Max | 1 none | 6 i0:float32 | 8 i0:float64,float32 | 12 i0:float64,float32,float16,int32,int64,int8,uint32,uint64,uint8
MaxPool | 1 i0:float32 | 8 i0:float64,float32 | 12 i0:float64,float32,int8,uint8
MaxRoiPool | 1 i0:float32 | 22 none
MaxUnpool | 9 i0:float32
Mean | 1 none | 6 i0:float32
MelWeightMatrix | 17 i3:float32;o0:float64,float32,int16,int32,int64,int8,uint16,uint32,uint64,uint8
Min | 1 none | 6 i0:float32 | 8 i0:float64,float32 | 12 i0:float64,float32,float16,int32,int64,int8,uint32,uint64,uint8
Mod | 10 any | 13 i0:float64,float32,float16,int16,int32,int64,int8,uint16,uint32,uint64,uint8
Mul | 1 none | 7 i0:float32,float64,int32,int64,uint32,uint64 | 14 i0:float32,float64,int8,int16,int32,int64,uint8,uint16,uint32,uint64
Multinomial | 7 i0:float32 | 22 none
Neg | 1 none | 6 i0:float32,float64,int8,int16,int32,int64
NonZero | 9 i0:bool,float32,int32,int64,uint8
OneHot | 9 i0:int64;i1:int64;i2:int64 i0:float32;i1:int64;i2:int64 i0:int64;i1:int64;i2:string i0:float32;i1:int64;i2:string i0:float32;i1:float32;i2:float32 i0:int64;i1:float32;i2:int32 i0:int64;i1:int64;i2:float32 i0:int32;i1:int32;i2:float32 i0:int32;i1:float32;i2:float32 i0:int64;i1:float32;i2:float32 i0:int64;i1:int32;i2:float32
Optional | 15 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
OptionalGetElement | 15 o0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8 | 18 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8;o0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
OptionalHasElement | 15 any | 18 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Or | 1 none | 7 any
PRelu | 1 none | 7 i0:float32 | 16 any
Pad | 1 none | 2 i0:float64,float32 | 11 i0:float64,float32,int32,int64,int8,uint32,uint64,uint8 | 13 i0:bool,float64,float32,int32,int64,int8,uint32,uint64,uint8
Pow | 1 none | 7 i0:float64,float32 | 12 i0:float64,float32,int32,int64;i1:float64,float32,int32,int64
QLinearConv | 10 i0:uint8;i7:uint8 i0:int8;i3:int8;i7:int8
QLinearMatMul | 10 i0:uint8;i7:uint8 i0:int8;i3:int8;i7:int8 | 21 i0:uint8;i1:float32;i3:int8,uint8;i7:uint8 i0:int8;i1:float32;i3:int8;i7:int8
QuantizeLinear | 10 i0:float32;i2:uint8 i0:float32;i2:int8 | 19 i0:float32,float16;i2:uint8 i0:float32,float16;i2:int8 i0:float32,float16;i2:float8e4m3fn i0:float32,float16;i2:float8e4m3fnuz i0:float32,float16;i2:float8e5m2 i0:float32,float16;i2:float8e5m2fnuz | 21 i0:float32,float16;i2:uint8 i0:float32,float16;i2:int8 i0:float32,float16;i2:uint16 i0:float32,float16;i2:int16 i0:float32,float16;i2:int4 i0:float32,float16;i2:uint4 i0:float32,float16;i2:float8e4m3fn i0:float32,float16;i2:float8e4m3fnuz i0:float32,float16;i2:float8e5m2 i0:float32,float16;i2:float8e5m2fnuz | 23 i0:float32,float16;i1:float32,float16;i2:uint8 i0:float32,float16;i1:float32,float16;i2:int8 i0:float32,float16;i1:float32,float16;i2:uint16 i0:float32,float16;i1:float32,float16;i2:int16 i0:float32,float16;i1:float32,float16;i2:int4 i0:float32,float16;i1:float32,float16;i2:uint4 i0:float32,float16;i1:float32,float16;i2:float8e4m3fn i0:float32,float16;i1:float32,float16;i2:float8e4m3fnuz i0:float32,float16;i1:float32,float16;i2:float8e5m2 i0:float32,float16;i1:float32,float16;i2:float8e5m2fnuz | 25 i0:float32,float16;i1:float32,float16;i2:uint8 i0:float32,float16;i1:float32,float16;i2:int8 i0:float32,float16;i1:float32,float16;i2:uint16 i0:float32,float16;i1:float32,float16;i2:int16 i0:float32,float16;i1:float32,float16;i2:int4 i0:float32,float16;i1:float32,float16;i2:uint4 i0:float32,float16;i1:float32,float16;i2:int2 i0:float32,float16;i1:float32,float16;i2:uint2 i0:float32,float16;i1:float32,float16;i2:float8e4m3fn i0:float32,float16;i1:float32,float16;i2:float8e4m3fnuz i0:float32,float16;i1:float32,float16;i2:float8e5m2 i0:float32,float16;i1:float32,float16;i2:float8e5m2fnuz
RNN | 1 none | 7 i0:float32
RandomNormal | 1 o0:float64,float32 | 22 none
RandomNormalLike | 1 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8;o0:float64,float32 | 22 none
RandomUniform | 1 o0:float64,float32 | 22 none
RandomUniformLike | 1 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8;o0:float64,float32 | 22 none
Reciprocal | 1 none | 6 i0:float32,float64
ReduceL1 | 1 i0:float32,float64,int32,int64 | 18 any
ReduceL2 | 1 i0:float32,float64,int32,int64 | 18 any
ReduceLogSum | 1 i0:float32,float64,int32,int64 | 18 any
ReduceLogSumExp | 1 i0:float32,float64,int32,int64 | 18 any
ReduceMax | 1 i0:float32,float64,int32,int64 | 12 i0:float32,float64,int32,int64,int8,uint8 | 20 i0:bool,float32,float64,int32,int64,int8,uint8
ReduceMean | 1 i0:float32,float64,int32,int64
ReduceMin | 1 i0:float32,float64,int32,int64 | 12 i0:float32,float64,int32,int64,int8,uint8 | 20 i0:bool,float32,float64,int32,int64,int8,uint8
ReduceProd | 1 i0:float32,float64,int32,int64
ReduceSum | 1 i0:float32,int32,float64,int64
ReduceSumSquare | 1 i0:float32,int32,float64,int64 | 11 i0:float32,float64,int32,int64 | 13 i0:float32,int32,float64,int64 | 18 any
Relu | 1 none | 6 i0:float32,float64 | 14 i0:float32,float64,int8,int32 | 18 any
Reshape | 1 any | 5 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8 | 21 i0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Resize | 10 i0:float32,int32,int8,uint8
ReverseSequence | 10 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
RoiAlign | 10 i0:float32,float64 | 22 none
Round | 11 i0:float32,float64,float16
STFT | 17 i0:float64,float32
Scan | 8 i1:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8 | 9 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8 | 19 i0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Scatter | 9 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
ScatterElements | 11 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
ScatterND | 11 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Selu | 1 none | 6 i0:float32 | 18 any
SequenceAt | 11 o0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
SequenceConstruct | 11 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Shape | 1 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8 | 21 i0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Sigmoid | 1 none | 6 i0:float32,float64
Sin | 7 i0:float32,float64
Sinh | 9 i0:float32
Size | 1 i0:bool,float64,float32,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Slice | 1 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Softmax | 1 i0:float32,float64 | 11 i0:float64,float32 | 13 any
Softplus | 1 i0:float32 | 18 any
Softsign | 1 i0:float32 | 18 any
SpaceToDepth | 1 i0:float64,float32,int8,uint8
Split | 1 none | 2 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
SplitToSequence | 11 i0:bool,float64,float32,float16,int32,int64,string
Sqrt | 1 none | 6 i0:float32,float64
Squeeze | 1 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Sub | 1 none | 7 i0:float32,float64,int32,int64,uint32,uint64 | 14 i0:float32,float64,int8,int16,int32,int64,uint8,uint16,uint32,uint64
Sum | 1 none | 6 i0:float32,float64
Tan | 7 i0:float32
Tanh | 1 none | 6 i0:float32,float64
TensorScatter | 24 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,uint16,uint32,uint64,uint8
ThresholdedRelu | 1 any | 10 i0:float32 | 18 any
Tile | 1 none | 6 i0:bool,float64,float32,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
TopK | 1 i0:float32,float64 | 11 i0:float32,float64,int64,int32,int8,int16,uint8
Transpose | 1 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8 | 21 i0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int32,int4,int64,int8,string,uint16,uint32,uint4,uint64,uint8 | 25 i0:bfloat16,bool,float64,float32,float16,float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,int16,int2,int32,int4,int64,int8,string,uint16,uint2,uint32,uint4,uint64,uint8
Trilu | 14 i0:bool,float64,float32,int32,int64
Unique | 11 i0:float64,float32,int64,int8,string
Unsqueeze | 1 i0:bfloat16,bool,float64,float32,float16,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8
Upsample | 1 none | 7 i0:float32,int32,int8,uint8
Where | 9 i1:string,float32,float64,int32,int64,uint8
Xor | 1 none | 7 any
`;
