// Writes files of packed numbers in every form; see packed_checksums.py.
#include <vector>
#include "TTree.h"
#include "TFile.h"
#include "TRandom3.h"
#include "TObject.h"
class Packs : public TObject { public:
  Double32_t plain; Float16_t half;
  Double32_t ranged; //[0,100]
  Double32_t bits; //[-1,1,10]
  Double32_t mant; //[0,0,8]
  Double32_t angle; //[-pi,pi,16]
  Double32_t twopi; //[0,2pi,20]
  Float16_t hranged; //[0,50,16]
  Float16_t hmant; //[0,0,7]
  Double32_t arr[3];
  Float16_t harr[2][2]; //[0,10,9]
  Double32_t dims[4]; //[-5,5,12]
  Packs(){}
  ClassDef(Packs,1)
};
class Vecs : public TObject { public:
  std::vector<Double32_t> vd;
  Vecs(){}
  ClassDef(Vecs,1)
};
class VecH : public TObject { public:
  std::vector<Float16_t> vh;
  VecH(){}
  ClassDef(VecH,1)
};
class Ptrs : public TObject { public:
  Int_t n;
  Double32_t *var; //[n][0,10,10]
  Float16_t *hvar; //[n]
  Ptrs():n(0),var(0),hvar(0){}
  ClassDef(Ptrs,1)
};
TRandom3 r(5);
void leaves(const char* out) {
  TFile f(out,"RECREATE"); TTree t("T","T"); t.SetAutoFlush(20);
  Float16_t h,hr,hm; Double32_t d,dr,dm,da; Int_t n; Float16_t hv[10]; Double32_t dv[10]; Double32_t fa[3]; Float16_t f2[2][2]; Double32_t fr[4]; Double32_t dvr[10][2];
  t.Branch("h",&h,"h/f"); t.Branch("hr",&hr,"hr/f[0,50,14]"); t.Branch("hm",&hm,"hm/f[0,0,6]");
  t.Branch("d",&d,"d/d"); t.Branch("dr",&dr,"dr/d[0,100,20]"); t.Branch("dm",&dm,"dm/d[0,0,9]"); t.Branch("da",&da,"da/d[-pi,pi]");
  t.Branch("n",&n,"n/I"); t.Branch("hv",hv,"hv[n]/f"); t.Branch("dv",dv,"dv[n]/d[0,10,10]"); t.Branch("fa",fa,"fa[3]/d"); t.Branch("f2",f2,"f2[2][2]/f[-5,5,12]"); t.Branch("fr",fr,"fr[4]/d[-5,5,12]"); t.Branch("dvr",dvr,"dvr[n][2]/d");
  struct {Float_t a; Float_t b; Int_t c;} s; 
  t.Branch("jet",&s,"pt/F:eta/F:n/I");
  for(int i=0;i<50;i++){
    h=r.Gaus(0,100); hr=r.Uniform(-5,60); hm=r.Gaus(0,1); d=r.Gaus(0,1e3); dr=r.Uniform(0,100); dm=r.Gaus(0,1e-3); da=r.Uniform(-3.2,3.2);
    n=i%4; for(int j=0;j<n;j++){hv[j]=r.Gaus(0,10); dv[j]=r.Uniform(0,10); dvr[j][0]=r.Gaus(); dvr[j][1]=r.Gaus();}
    for(int j=0;j<3;j++) fa[j]=r.Gaus(); for(int j=0;j<4;j++){f2[j/2][j%2]=r.Uniform(-5,5); fr[j]=r.Uniform(-5,5);}
    s.a=i; s.b=-i; s.c=i*i;
    t.Fill();
  }
  f.Write(); f.Close();
}
template <class X, class F> void object(const char* out, const char* name, F fill, int split=99) {
  TFile f(out,"RECREATE"); TTree t("T","T"); t.SetAutoFlush(20);
  X* p = new X; t.Branch("p",name,&p,32000,split);
  for(int i=0;i<50;i++){ fill(p,i); t.Fill(); }
  f.Write(); f.Close();
}
void packs(const char* out, int split = 99) { object<Packs>(out,"Packs",[](Packs*x,int i){ x->plain=r.Gaus(0,1e3); x->half=r.Gaus(); x->ranged=r.Uniform(0,100); x->bits=r.Uniform(-1,1); x->mant=r.Gaus(); x->angle=r.Uniform(-3,3); x->twopi=r.Uniform(0,6);
      x->hranged=r.Uniform(0,50); x->hmant=r.Gaus();
      for(int j=0;j<3;j++) x->arr[j]=r.Gaus(); for(int j=0;j<4;j++){x->harr[j/2][j%2]=r.Uniform(0,10); x->dims[j]=r.Uniform(-5,5);} },split); }
void vecs(const char* out) { object<Vecs>(out,"Vecs",[](Vecs*x,int i){ x->vd.clear(); for(int j=0;j<i%3;j++) x->vd.push_back(r.Gaus()); }); }
void vech(const char* out) { object<VecH>(out,"VecH",[](VecH*x,int i){ x->vh.clear(); for(int j=0;j<i%3;j++) x->vh.push_back(r.Gaus()); }); }
void ptrs(const char* out) { object<Ptrs>(out,"Ptrs",[](Ptrs*x,int i){ x->n=i%4; delete[] x->var; delete[] x->hvar; x->var=new Double32_t[x->n+1]; x->hvar=new Float16_t[x->n+1]; for(int j=0;j<x->n;j++){x->var[j]=r.Uniform(0,10); x->hvar[j]=r.Gaus();} }); }
