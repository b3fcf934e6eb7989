package xla

// cudaVersion names the set of wheels below, and their folder in the cache.
const cudaVersion = "cuda13-0.11.2"

// pinnedCUDA returns the plug-in for NVIDIA's GPUs, built from the XLA of JAX 0.11.2 as the one for CPUs is, then the
// libraries that JAX's own package of that release depends on: of each the newest at the release's date,
// 2026-09-17. They want a driver of version 580 or newer and a GPU of compute capability 7.5 or more.
func pinnedCUDA() []wheel {
	return []wheel{
		{
			project: "jax-cuda13-pjrt", version: "0.11.2", size: 134_162_640,
			file:   "jax_cuda13_pjrt-0.11.2-py3-none-manylinux_2_27_x86_64.whl",
			sha256: "e5ff589d43064913bb74027682d89639c7ea48f9f81c2bae6fc75117e913f93e",
			member: "jax_plugins/xla_cuda13/xla_cuda_plugin.so", memberSize: 411_465_856,
		},
		{
			project: "nvidia-cublas", version: "13.8.0.4", size: 439_317_144,
			file:   "nvidia_cublas-13.8.0.4-py3-none-manylinux_2_27_x86_64.whl",
			sha256: "9f17797dfcc048694461f4e47de17d2e3c25adf172ef723d2db0a07cd8744b89",
		},
		{
			project: "nvidia-cuda-cupti", version: "13.4.92", size: 13_058_283,
			file:   "nvidia_cuda_cupti-13.4.92-py3-none-manylinux_2_25_x86_64.whl",
			sha256: "037b561575e6983bc4fe1caae644d7a296a8367f451bf6c2a3194f4d0765431c",
		},
		{
			project: "nvidia-cuda-nvcc", version: "13.4.92", size: 47_672_022,
			file:   "nvidia_cuda_nvcc-13.4.92-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			sha256: "a1f3bfb27299e060b444d5df1f4bcd762501326cf0fd3141ed61756816ab9a0e",
		},
		{
			project: "nvidia-cuda-runtime", version: "13.4.92", size: 2_494_438,
			file:   "nvidia_cuda_runtime-13.4.92-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			sha256: "9641f797da20ce1dd8e779b6e96d08cf9ba564cec8e8225458811ee26423f3a5",
		},
		{
			project: "nvidia-cudnn-cu13", version: "9.26.0.51", size: 519_150_073,
			file:   "nvidia_cudnn_cu13-9.26.0.51-py3-none-manylinux_2_27_x86_64.whl",
			sha256: "9c976d539786698c71d6bcdbe2053b7485fae062ff7e1215d2f2ff67b1a2149a",
		},
		{
			project: "nvidia-cufft", version: "12.4.0.43", size: 161_750_089,
			file:   "nvidia_cufft-12.4.0.43-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			sha256: "0e8385013596b112d29c9ce8c63dc575b308d77636c7169104e18714f03961a8",
		},
		{
			project: "nvidia-cusolver", version: "12.3.4.7", size: 246_439_468,
			file:   "nvidia_cusolver-12.3.4.7-py3-none-manylinux_2_27_x86_64.whl",
			sha256: "225dd543c7b93ca22e62a35b5f4d8b4f9caa515733793925c05cdcf58da5cf02",
		},
		{
			project: "nvidia-cusparse", version: "12.8.6.72", size: 170_468_146,
			file:   "nvidia_cusparse-12.8.6.72-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			sha256: "a739f6ff51ea2a8a2990b267b9b4d3063a5d94890efb8ccf393bfcab9dd487aa",
		},
		{
			project: "nvidia-nccl-cu13", version: "2.31.2", size: 252_442_223,
			file:   "nvidia_nccl_cu13-2.31.2-py3-none-manylinux_2_18_x86_64.whl",
			sha256: "0bcaf0308854cb55fcc35af72e2c83143f3b71e65a4e865e2c586b1cdcdb5ae0",
		},
		{
			project: "nvidia-nvjitlink", version: "13.4.92", size: 42_452_378,
			file:   "nvidia_nvjitlink-13.4.92-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
			sha256: "e0391f24ed94ec879b84e3da4d4ec320c879aff681f2c7a638462f7199284323",
		},
		{
			project: "nvidia-cuda-nvrtc", version: "13.4.92", size: 53_301_733,
			file:   "nvidia_cuda_nvrtc-13.4.92-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
			sha256: "5ce8c97b00b232c4f50c8c4b5a3b68cafee08bdb82ea86f2052ff01d03194f4a",
		},
		{
			project: "nvidia-nvshmem-cu13", version: "3.7.2", size: 135_397_797,
			file:   "nvidia_nvshmem_cu13-3.7.2-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			sha256: "b9a4f843c62b5dded8ad33fd6d220e007dcd39f06cee549292f5ba14ce4c235c",
		},
		{
			project: "nvidia-nvvm", version: "13.4.92", size: 72_604_627,
			file:   "nvidia_nvvm-13.4.92-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
			sha256: "e4c81cb321dd9743bcf871c5e7e8fecd7f05dea607944426e102bdda8d49e137",
		},
	}
}
